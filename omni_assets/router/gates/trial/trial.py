"""The trial itself, within the cell: pytest over the tests, beside code that may want to deceive it."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

import pytest
from pluggy import HookCaller

MOST_MESSAGE = 400
_MACHINERY = frozenset({"_pytest", "builtins", "importlib", "pluggy", "pytest"})
_PRYING = frozenset({"gc.get_objects", "gc.get_referents", "gc.get_referrers", "sys._current_frames"})
_ARGUMENTS = ("-q", "-s", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--noconftest", "-c", "/dev/null")


def tried(folder: str, tests: str = "test_answer") -> dict[str, Any]:
    """What came of the tests in ``folder``: ``counts`` of each by name (passed, failed, skipped), the first
    ``failure``, and ``tampered``, which says how the code reached for what judges it, where it did.
    """
    sys.dont_write_bytecode = True
    witness = _Witness(tests)
    code = pytest.main([*_ARGUMENTS, f"--rootdir={folder}", f"{folder}/{tests}.py"], plugins=[witness])
    return {**witness.document(), "exit_code": int(code)}


class _Witness:
    """Imports the answer once pytest is complete, and looks after each test whether it still is what it was."""

    def __init__(self, tests: str) -> None:
        self._tests = tests
        self._counts: dict[str, list[int]] = {}
        self._failure = ""
        self._tampered = ""
        self._machinery: dict[tuple[str, str], Any] = {}
        self._plugins: pytest.PytestPluginManager

    def document(self) -> dict[str, Any]:
        return {"counts": self._counts, "failure": self._failure[:MOST_MESSAGE], "tampered": self._tampered}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        self._plugins = session.config.pluginmanager
        self._machinery = _machinery(self._plugins)
        sys.addaudithook(self._audit)
        try:
            importlib.import_module("answer")
        except BaseException as error:  # noqa: BLE001 - it may raise what it likes
            self._failure = f"the answer cannot be imported: {type(error).__name__}: {error}"
            pytest.exit("no answer", returncode=1)
        if self._tests in sys.modules:
            self._tampered = f"sys.modules has a `{self._tests}` of its own"
        self._look()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._note(f"the tests cannot be collected: {_message(report)}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            name = report.nodeid.partition("::")[2].partition("[")[0]
            counts = self._counts.setdefault(name, [0, 0, 0])
            counts[("passed", "failed", "skipped").index(report.outcome)] += 1
        if report.failed:
            self._note(f"`{report.nodeid.partition('::')[2]}`: {_message(report)}")

    def pytest_runtest_logfinish(self) -> None:
        self._look()

    def _note(self, failure: str) -> None:
        self._failure = self._failure or failure

    def _look(self) -> None:
        now = _machinery(self._plugins)
        changed = next((key for key, value in self._machinery.items() if now.get(key) is not value), None)
        if changed is not None:
            self._tampered = self._tampered or f"{changed[0]}.{changed[1]} was replaced"

    def _audit(self, event: str, _: tuple[Any, ...]) -> None:
        if event in _PRYING:
            self._tampered = self._tampered or f"{event} was called"


def _machinery(plugins: pytest.PytestPluginManager) -> dict[tuple[str, str], Any]:
    """All functions and classes of pytest and of Python's own foundation, by where they stand."""
    modules = {name: each for name, each in [*sys.modules.items()] if name.partition(".")[0] in _MACHINERY}
    found: dict[tuple[str, str], Any] = {("sys", name): each for name, each in _interpreter()}
    found |= {("hook", name): each for name, each in _hooks(plugins)}
    for name, module in modules.items():
        found[name, ""] = module
        if isinstance(module, ModuleType):
            for inner, value in _parts(vars(module), name):
                found[name, inner] = value
    return found


def _parts(names: Mapping[str, Any], owner: str) -> Iterator[tuple[str, Any]]:
    """What a module has that does something: its functions, and its classes with all that they have."""
    for name, value in [*names.items()]:
        if isinstance(value, type) and value.__module__ == owner != "builtins":
            yield name, value
            for inner, part in [*vars(value).items()]:
                yield f"{name}.{inner}", part
                yield from _code(f"{name}.{inner}", part)
        elif callable(value) or owner == "builtins":
            yield name, value
            yield from _code(name, value)


def _code(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The code of a function, however it is wrapped: it can be replaced while the function stays."""
    function = getattr(value, "fget", None) or getattr(value, "__func__", value)
    if isinstance(function, FunctionType):
        yield f"{name}.__code__", function.__code__


def _hooks(plugins: pytest.PytestPluginManager) -> Iterator[tuple[str, Any]]:
    """What pytest calls, in its order, and how many there are."""
    for name, caller in [*vars(plugins.hook).items()]:
        if isinstance(caller, HookCaller):
            implementations = caller.get_hookimpls()
            yield name, len(implementations)
            yield from ((f"{name}[{place}]", each.function) for place, each in enumerate(implementations))


def _interpreter() -> Iterator[tuple[str, Any]]:
    yield "modules", sys.modules
    yield from ((f"meta_path[{place}]", finder) for place, finder in enumerate(sys.meta_path))
    yield "import", builtins.__import__


def _message(report: pytest.CollectReport | pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    # What pytest adds below the first line explains an assertion to a person who has the code before them.
    said = crash.message.partition("\n")[0] if crash is not None else str(report.longrepr)
    return said.strip()[:MOST_MESSAGE]
