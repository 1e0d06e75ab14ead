"""The environment: Python, the packages beside us and their versions, and the variables that we read."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement

import omni_assets
from omni_assets.operations.doctor.examination import (
    Area,
    Checked,
    Question,
    Told,
    examples,
    problem,
    unknown,
    warning,
    well,
)

PACKAGE = "omni-assets"
LOCK = Path(omni_assets.__file__).parents[1] / "requirements.lock"
"""The lock file of a checkout; an installed package has none beside it."""

VARIABLES = frozenset(
    {
        "OMNI_ALERT_WEBHOOK",
        "OMNI_ALERT_WEBHOOK_FILE",
        "OMNI_BOOTSTRAP_SERVERS",
        "OMNI_BROKER_TIMEOUT",
        "OMNI_CONTRACTS",
        "OMNI_DEBUG",
        "OMNI_ENV",
        "OMNI_EXPORT_POSTGRES",
        "OMNI_EXPORT_POSTGRES_FILE",
        "OMNI_GAUGES",
        "OMNI_HOME",
        "OMNI_LOCAL_BASE_URL",
        "OMNI_LOG_FORMAT",
        "OMNI_READONLY",
        "OMNI_REDIS_URL",
        "OMNI_REDIS_URL_FILE",
        "OMNI_REDPANDA_HOST",
        "OMNI_REDPANDA_PORT",
        "OMNI_REPOSITORIES",
    }
)
"""Every variable that is read under its own name."""

PREFIXES = ("OMNI_KAFKA_", "OMNI_TEST_")
"""What names of variables may begin with that nobody can list: properties of the Kafka client, and those of tests."""

PYTHON = Question("environment.python", "Is this Python one that omni runs on?")
PACKAGES = Question("environment.packages", "Are the packages that omni needs here, in versions that it knows?")
LOCKED = Question("environment.locked", "Are the packages those of the lock file?")
NAMES = Question("environment.variables", "Does omni know every OMNI_ variable that is set?")

_PREFIX = "OMNI_"
_SERVICE_HOST = "_SERVICE_HOST"
_INSTALL = f"Install it anew: `pip install --upgrade {PACKAGE}`."
_LOCKED_LINE = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:;([^\\]*))?")


class Needed(NamedTuple):
    """What a package needs, and what is here: ``None`` where it is not installed."""

    requirement: Requirement
    found: str | None

    @property
    def satisfied(self) -> bool:
        """Whether what is here will do."""
        return self.found is not None and self.requirement.specifier.contains(self.found, prereleases=True)

    def __str__(self) -> str:
        return f"{self.requirement.name} {self.found or 'is missing'} (needed: {self.requirement.specifier or 'any'})"


def area(
    named: Iterable[str] = (), environ: Mapping[str, str] = os.environ, package: str = PACKAGE, lock: Path = LOCK
) -> Area:
    """Questions about the environment. ``named`` are variables that the project's own files name."""
    look = partial(_look, frozenset(named), environ, package, lock)
    return Area((PYTHON, PACKAGES, LOCKED, NAMES), look)


def _look(named: frozenset[str], environ: Mapping[str, str], package: str, lock: Path) -> Iterator[Checked]:
    yield Checked(PYTHON, python())
    yield Checked(PACKAGES, packages(package))
    yield Checked(LOCKED, locked(lock))
    yield Checked(NAMES, variables(environ, named))


def python() -> Told:
    """The interpreter that runs this."""
    seen = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    return well(seen) if sys.version_info >= (3, 11) else problem(seen, "Use Python 3.11 or newer.")


def packages(package: str = PACKAGE) -> Told:
    """What the package says that it needs, held against what is installed.

    An extra is judged where any package of its own is here: what is not asked for at all is not missing.
    """
    try:
        needs = requirements(package)
    except PackageNotFoundError:
        return unknown(f"{package} itself is not installed, so what it needs is not known", _INSTALL)
    unmet = [each for each in needs[""] if not each.satisfied]
    for extra, of_it in needs.items():
        if extra and any(each.found for each in of_it):
            unmet += [each for each in of_it if each.found and not each.satisfied]
    names = sorted({str(each) for each in unmet})
    if names:
        return problem(examples(names), _INSTALL)
    extras = sorted(extra for extra, of_it in needs.items() if extra and all(each.satisfied for each in of_it))
    having = f", with the extras {', '.join(extras)}" if extras else ", without an extra"
    return well(f"{package} {version(package)} and the {len(needs[''])} packages that it needs{having}")


def requirements(package: str = PACKAGE) -> Mapping[str, tuple[Needed, ...]]:
    """What a package needs by itself (under ``""``), and what each of its extras adds.

    Raises ``PackageNotFoundError``.
    """
    told = distribution(package)
    stated = [Requirement(line) for line in told.requires or ()]
    extras = told.metadata.get_all("Provides-Extra") or []
    always = {str(each) for each in stated if each.marker is None or each.marker.evaluate({"extra": ""})}
    needs: dict[str, tuple[Needed, ...]] = {}
    for extra in ("", *extras):
        held = [each for each in stated if each.marker is None or each.marker.evaluate({"extra": extra})]
        own = [each for each in held if not extra or str(each) not in always]
        needs[extra] = tuple(Needed(each, _installed(each.name)) for each in own)
    return needs


def locked(lock: Path = LOCK) -> Told:
    """What is installed, held against the lock file of a checkout."""
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return well("no lock file stands beside the package, so nothing is pinned here")
    except (OSError, UnicodeDecodeError):
        return unknown(f"{lock} cannot be read", "Make it a readable file.")
    others, pinned = [], 0
    for name, wanted in _pins(lines):
        found = _installed(name)
        pinned += found is not None
        if found not in (None, wanted):
            others.append(f"{name} {found} (locked: {wanted})")
    if others:
        return warning(examples(others), "Install what is locked: `pip install --require-hashes -r requirements.lock`.")
    return well(f"{pinned} packages, each as locked")


def variables(environ: Mapping[str, str], named: frozenset[str] = frozenset()) -> Told:
    """Variables whose names begin as ours do; one that nobody reads is a mistake that says nothing by itself."""
    ours = sorted(name for name in environ if name.startswith(_PREFIX) and environ[name])
    known = VARIABLES | named
    others = (*PREFIXES, *_of_services(environ))
    strange = [name for name in ours if name not in known and not name.startswith(others)]
    if not strange:
        return well(f"{len(ours)} set: {', '.join(ours)}" if ours else "none is set")
    meant = [(name, get_close_matches(name, sorted(known), 1, 0.75)) for name in strange]
    hints = [f"{name} may be meant to be {near[0]}." for name, near in meant if near]
    return warning(
        f"omni reads no {examples(strange)}",
        " ".join([*hints, "Unset what is not meant for omni; docs/settings.md lists every variable."]),
    )


def _of_services(environ: Mapping[str, str]) -> Iterator[str]:
    """What names begin with that Kubernetes gives every pod for each service: one called ``omni`` is no mistake.

    https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    """
    for name in environ:
        if name.endswith(_SERVICE_HOST):
            service = name.removesuffix(_SERVICE_HOST)
            yield from (f"{service}_SERVICE_", f"{service}_PORT")


def _pins(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names and versions of a lock file that hold for this platform."""
    for line in lines:
        found = _LOCKED_LINE.match(line)
        if found is None:
            continue
        name, wanted, marker = found.groups()
        try:
            holds = not marker or Requirement(f"{name}; {marker.strip()}").marker
        except InvalidRequirement:
            continue
        if holds is True or (holds and holds.evaluate()):
            yield name, wanted


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
