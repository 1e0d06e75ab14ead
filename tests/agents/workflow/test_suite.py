"""Suites that pass, fail, break, hang and lie, in a cell and in a plain process."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from omni_assets.agents.workflow import suite
from omni_assets.agents.workflow.messages import Isolation, Ran
from omni_assets.agents.workflow.suite import LIMITS, run_suite
from omni_assets.router.gates.trial.court import Limits, NoTrial

Run = Callable[..., Ran]
QUICK = replace(LIMITS, seconds=20.0)
PASSES = b"def test_it():\n    assert True\n"


@pytest.fixture(params=[Isolation.CELL, Isolation.PROCESS])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    if request.param is Isolation.PROCESS:

        async def nowhere(*_: object) -> None:
            raise NoTrial("this is no place for cells")

        monkeypatch.setattr(suite, "held", nowhere)
    elif run_suite({"test_it.py": PASSES}).isolation is not Isolation.CELL:
        pytest.skip("no cell can be had here")

    def ran(files: Mapping[str, bytes], limits: Limits = QUICK) -> Ran:
        found = run_suite(files, limits)
        assert found.isolation is request.param
        assert bool(found.why_process) is (request.param is Isolation.PROCESS)
        return found

    return ran


def test_each_test_is_named(run: Run) -> None:
    found = run(
        {
            "src/figures.py": b"def double(n):\n    return 2 * n\n",
            "tests/test_figures.py": (
                b"import pytest\nfrom figures import double\n\n"
                b"@pytest.mark.parametrize('n', [1, 2])\ndef test_double(n, tmp_path):\n    assert double(n) == 2\n\n"
                b"@pytest.mark.skip\ndef test_later():\n    pass\n"
            ),
            "tests/conftest.py": b"",
            "pyproject.toml": b"[tool.pytest.ini_options]\npythonpath = ['src']\ntestpaths = ['tests']\n",
        }
    )
    assert found.passed == ("tests/test_figures.py::test_double[1]",)
    assert found.failed == ("tests/test_figures.py::test_double[2]",)
    assert found.skipped == ("tests/test_figures.py::test_later",)
    assert "assert 4 == 2" in found.output
    assert not found.green
    assert not found.broken


@pytest.mark.parametrize(
    ("content", "broken"),
    [
        (b"", "there is no test"),
        (b"import os\nos._exit(0)\n", "before the tests were through"),
        (b"import nothing_of_that_name\n", "not all of its tests can be read"),
        (b"import pytest\npytest.exit('enough', returncode=0)\n", ""),
        (b"x = 'x' * (1 << 31)\n" + PASSES, "not all of its tests can be read"),
    ],
)
def test_what_proves_nothing_does_not_pass(run: Run, content: bytes, broken: str) -> None:
    found = run({"test_it.py": content})
    assert not found.green
    assert broken in found.broken


def test_a_suite_that_hangs_is_ended(run: Run) -> None:
    found = run({"test_it.py": b"import time\ndef test_it():\n    time.sleep(600)\n"}, replace(LIMITS, seconds=3.0))
    assert found.broken == "the tests were not through after 3 s"


def test_settings_that_pytest_does_not_take_are_told(run: Run) -> None:
    found = run({"test_it.py": PASSES, "pytest.ini": b"[pytest]\naddopts = --no-such-option\n"})
    assert found.broken == "pytest does not take its settings"


def test_nothing_of_this_process_is_handed_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_CANARY", "a secret")
    told = b"import os\ndef test_it():\n    assert 'a secret' not in os.environ.values()\n"
    assert run({"test_it.py": told}).green


def test_a_cell_has_neither_network_nor_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "canary").write_text("a secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        told = (
            "import socket\n"
            f"def test_network():\n    socket.create_connection({server.getsockname()!r}, 1)\n"
            f"def test_files():\n    open({str(tmp_path / 'canary')!r})\n"
        )
        found = run({"test_it.py": told.encode()})
    # A plain process has both, which is why an event says where its suite ran.
    assert len(found.failed) == (2 if found.isolation is Isolation.CELL else 0)


def test_a_repository_may_have_a_module_named_as_the_runner(run: Run) -> None:
    assert run(
        {"trial.py": b"here = True\n", "test_it.py": b"import trial\ndef test_it():\n    assert trial.here\n"}
    ).green
