"""The Dagster instance: its storage, its daemon, what was switched off, and what is not kept forever.

Nothing here imports dagster: a process of its own opens the instance, and tells what it is like.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from omni_assets.drift.lasting import lasting
from omni_assets.operations.dagster_home import INSTANCE_FILE
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
from omni_assets.operations.doctor.examining import LeftOpen

STORAGE = Question("dagster.storage", "Does the storage of runs and events open, in the schema of this Dagster?")
DAEMON = Question("dagster.daemon", "Is the daemon alive?")
AUTOMATION = Question("dagster.automation", "Are all schedules and sensors on?")
RETENTION = Question("dagster.retention", "Are ticks forgotten after a while?")

SECONDS_TO_OPEN = 45.0
"""The most that the process may take: importing Dagster alone takes seconds."""

_PROCESS = "omni_assets.pipeline.instance"
_UP = "`omni up` starts it."
_MIGRATE = (
    "`dagster instance migrate` brings an older one forward, with DAGSTER_HOME set to {home}; save a copy of the "
    "folder before. Where a newer Dagster wrote it, use that one."
)


class Storage(BaseModel):
    """Revisions of a storage's schema: what it has, and what this Dagster makes."""

    model_config = ConfigDict(frozen=True)

    name: str
    revision: str | None
    newest: str | tuple[str, ...] | None


class Daemon(BaseModel):
    """A kind of daemon, and when it was alive last."""

    model_config = ConfigDict(frozen=True)

    name: str
    healthy: bool
    heartbeat: datetime | None
    errors: tuple[str, ...]


class Instance(BaseModel):
    """What the process tells of an instance that opens: how many ``runs`` it remembers, and how many of them are
    ``unfinished``, among others.
    """

    model_config = ConfigDict(frozen=True)

    dagster: str
    storages: tuple[Storage, ...]
    daemons: tuple[Daemon, ...]
    stopped: tuple[str, ...]
    retention: tuple[str, ...]
    runs: int
    unfinished: int


def area(home: Path, environ: Mapping[str, str] = os.environ) -> Area:
    """Questions about the instance of a state folder, or of ``DAGSTER_HOME`` where that is set."""
    return Area((STORAGE, DAEMON, AUTOMATION, RETENTION), partial(_look, home, environ))


def _look(home: Path, environ: Mapping[str, str]) -> Iterator[Checked]:
    folder = Path(environ.get("DAGSTER_HOME") or home / "dagster")
    if not (folder / INSTANCE_FILE).is_file():
        for question in (STORAGE, DAEMON, AUTOMATION, RETENTION):
            yield Checked(question, not_there(folder, environ))
        return
    found = opened(folder, environ)
    if isinstance(found, Told):
        yield Checked(STORAGE, found)
        raise LeftOpen("the instance did not open")
    yield Checked(STORAGE, storage(found, folder))
    yield Checked(DAEMON, daemon(found.daemons, datetime.now(UTC)))
    yield Checked(AUTOMATION, automation(found.stopped))
    yield Checked(RETENTION, retention(found.retention, folder))


def not_there(folder: Path, environ: Mapping[str, str]) -> Told:
    """What it means that ``folder`` has no instance: one that ``DAGSTER_HOME`` names is somewhere, and was not seen."""
    if not environ.get("DAGSTER_HOME"):
        return well("there is no instance yet; `omni up` makes one")
    return unknown(
        f"DAGSTER_HOME is {folder}, which has no {INSTANCE_FILE}",
        "Set it to the folder that has one. Dagster's Helm chart gives that file to webserver and daemon alone: there "
        "*Deployment* in the UI says how they are.",
    )


def opened(folder: Path, environ: Mapping[str, str], seconds: float = SECONDS_TO_OPEN) -> Instance | Told:
    """What the instance is like, or why that is not known."""
    try:
        ended = subprocess.run(
            [sys.executable, "-m", _PROCESS],
            env={**environ, "DAGSTER_HOME": str(folder.absolute())},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return unknown(
            f"the instance in {folder} did not open within {seconds:g} s",
            "The machine may be busy: ask again when it is not. Otherwise look what else uses its files.",
        )
    try:
        document: dict[str, Any] = json.loads(ended.stdout)
        if "error" in document:
            otherwise = (
                "set what it reads from the environment"
                if environ.get("DAGSTER_HOME")
                else "move the folder aside: `omni up` makes a new one"
            )
            return problem(
                f"the instance in {folder} does not open: {document['error']}",
                f"Mend {folder / INSTANCE_FILE}, or {otherwise}.",
            )
        return Instance.model_validate(document)
    except (ValueError, ValidationError):
        return unknown(
            f"the process that opens it ended with exit code {ended.returncode} and told nothing",
            f"`DAGSTER_HOME={folder} python -m {_PROCESS}` shows why.",
        )


def storage(found: Instance, folder: Path) -> Told:
    """Whether the schema of each storage is the one that this Dagster makes."""
    others = [each for each in found.storages if each.revision != each.newest]
    if others:
        seen = ", ".join(f"{each.name} {each.revision} (this Dagster: {each.newest})" for each in others)
        return problem(f"another schema than that of Dagster {found.dagster}: {seen}", _MIGRATE.format(home=folder))
    return well(f"Dagster {found.dagster}, {found.runs:,} runs, {found.unfinished:,} of them not ended")


def daemon(daemons: tuple[Daemon, ...], now: datetime) -> Told:
    """Whether every kind of daemon that is needed was alive lately, and without an error."""
    failing = [f"{each.name}: {each.errors[0]}" for each in daemons if each.errors]
    if failing:
        return problem(examples(failing, 1), "The log of the daemon has all of it: `logs/dagster-daemon.log`.")
    beats = [each.heartbeat for each in daemons if each.heartbeat is not None]
    if not beats:
        return well(f"none ran yet. {_UP.rstrip('.')}")
    still = [each.name for each in daemons if not each.healthy]
    if still:
        ago = lasting(now - max(beats))
        return warning(f"alive {ago} ago last, so no schedule and no sensor does anything", _UP)
    return well(f"alive, {len(daemons)} kinds")


def automation(stopped: tuple[str, ...]) -> Told:
    """Schedules and sensors that somebody switched off."""
    if stopped:
        return warning(
            f"switched off: {examples(stopped)}", "Where that is not meant, switch them on under Automation."
        )
    return well("none was switched off")


def retention(kinds: tuple[str, ...], folder: Path) -> Told:
    """Whether ticks are forgotten: sensors make one every few seconds."""
    lacking = sorted({"schedule", "sensor"} - set(kinds))
    if lacking:
        return warning(
            f"the ticks of each {' and each '.join(lacking)} are kept forever",
            f"Set `retention` in {folder / INSTANCE_FILE}; `omni up` writes one that has it.",
        )
    return well("ticks of schedules and sensors are")
