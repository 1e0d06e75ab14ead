"""A state folder that an earlier version left is opened by every command; one that a newer version left is refused.

``tests/states/make.py`` says how they were kept. Nothing in them is ever changed by a test: each works on a copy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.cli.conftest import Project, Ran, made
from tests.security.test_readonly import COMMANDS, ON_THEIR_OWN, commands
from tests.states.make import STATES, TABLES, unpacked
from tests.support.model_endpoint import ModelEndpoint, answers
from tests.support.routed_project import KEY, KEY_ENV, LABELLED, SMALL_ENV

VERSIONS = sorted(each.name for each in STATES.iterdir() if (each / "kept.json").is_file())
NO_STATE = {"check", "rule", "docs", "topics", "registry", "registry scan", "wiring"} | {
    "import asyncapi", "export asyncapi"
}  # fmt: skip
"""They look at contracts and source alone."""

NOWHERE = ("--bootstrap-servers", "127.0.0.1:1")

REFUSED = {
    "apply": "the plan was made for the cluster",  # the embedded broker is known by its address, and has another now
    "retire": "is not retired so",
    "import redis-streams": "OMNI_REDIS_URL is not set",
    "migrate redis-streams": "OMNI_REDIS_URL is not set",
}
"""What may be refused of what was kept, and what is said then."""


@dataclass(frozen=True)
class Kept:
    """A copy of what was kept, in which ``omni`` runs, and what is known of it."""

    project: Project
    known: dict[str, Any]

    def rows(self) -> dict[str, int]:
        question = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in TABLES)  # noqa: S608
        return dict(self.project.omni("sql", "--format", "json", question).document["rows"])


def copied(version: str, folder: Path) -> Kept:
    project = made(folder / "unused")
    at, home, known = unpacked(version, folder / "kept")
    environ = {**project.environ, "OMNI_HOME": str(home), "PYTHONPATH": str(at), KEY_ENV: KEY}
    return Kept(Project(at, environ), known)


@pytest.fixture(scope="module", params=VERSIONS)
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """What was kept, with its own broker started on its data, and its models."""
    found = copied(request.param, tmp_path_factory.mktemp("kept"))
    project = found.project
    with ModelEndpoint(otherwise=answers(LABELLED)) as small, ModelEndpoint(otherwise=answers(LABELLED)) as large:
        catalog = project.folder / "models.yaml"
        lines = catalog.read_text(encoding="utf-8").splitlines(keepends=True)
        moved = [f"    base_url: {large.base_url}\n" if "base_url: http" in line else line for line in lines]
        catalog.write_text("".join(moved), encoding="utf-8")
        project.environ[SMALL_ENV] = small.base_url
        assert project.omni("broker", "start", "--port", "0").code == 0
        try:
            yield found
        finally:
            project.omni("broker", "stop")


@pytest.fixture(params=VERSIONS)
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """A copy of its own, without a broker."""
    return copied(request.param, tmp_path)


def tree(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and file.suffix not in {".lock", ".sqlite"} and "cache" not in file.parts
    }


def test_something_was_kept() -> None:
    assert "v0.1" in VERSIONS
    assert set(commands()) == set(COMMANDS) | ON_THEIR_OWN


def test_every_row_is_there_and_the_journals_bring_them_back(copy: Kept) -> None:
    assert copy.rows() == copy.known["rows"]
    assert copy.project.omni("rebuild", *NOWHERE, OMNI_BROKER_TIMEOUT="1").code == 0
    without_ledger = {**copy.known["rows"], "tasks": 0}
    assert copy.rows() == without_ledger


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize("name", [each for each in COMMANDS if each not in NO_STATE])
def test_every_command_opens_it(kept: Kept, name: str) -> None:
    known = {key: str(value) for key, value in kept.known.items()}
    arguments = COMMANDS[name][0]
    words = [*name.split(), *(each.format(**known) if each.startswith("{") else each for each in arguments)]
    ran = kept.project.omni(*words, timeout=170)
    assert "unforeseen" not in ran.err, ran
    assert ran.code in {0, 1} or REFUSED.get(name, "not to be refused") in ran.err, ran


def _schema(home: Path) -> str:
    with duckdb.connect(str(home / "projection.duckdb")) as newer:
        newer.execute("INSERT INTO schema_version VALUES (9999, now())")
    return "has schema version 9999, and this omni knows versions up to"


def _lines(home: Path) -> str:
    journal = home / "journal" / "trusted.jsonl"
    newest = json.loads(journal.read_text(encoding="utf-8").splitlines()[-1])
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**newest, "format": 9999}) + "\n")
    return "trusted.jsonl has lines of format 9999, and this omni knows 1"


def _fold(home: Path) -> str:
    (home / "journal" / "rescues.jsonl").write_text('{"format":9999,"event":"folded","offset":1}\n', encoding="utf-8")
    return "rescues.jsonl has lines of format 9999, and this omni knows 1"


@pytest.mark.parametrize("newer", [_schema, _lines, _fold])
def test_a_newer_state_is_refused_and_left_as_it_is(copy: Kept, newer: Callable[[Path], str]) -> None:
    said = newer(copy.project.home)
    before = tree(copy.project.home)
    for words in (("tidy",), ("receipts",), ("savings",), ("task", "list"), ("report",)):
        ran = copy.project.omni(*words, OMNI_BROKER_TIMEOUT="1")
        assert (ran.code, said in ran.err) == (2, True), ran
    doctor = copy.project.omni("doctor", *NOWHERE, "--format", "json")
    assert said in doctor.out
    assert tree(copy.project.home) == before


def test_a_plan_of_a_newer_omni_is_refused(copy: Kept) -> None:
    file = copy.project.folder / "plan.json"
    plan = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**plan, "format": 9999}), encoding="utf-8")
    ran: Ran = copy.project.omni("apply", "plan.json")
    assert (ran.code, "a newer omni wrote it, in format 9999, and this one knows 1" in ran.err) == (2, True), ran


def test_a_receipt_of_a_newer_omni_is_kept_as_it_is_and_not_read(copy: Kept) -> None:
    journal = copy.project.home / "journal" / "receipts.jsonl"
    line = json.loads(journal.read_text(encoding="utf-8").splitlines()[-1])
    line["receipt"] |= {"id": "f" * 32, "version": 9999}
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    assert copy.project.omni("receipts").code == 0
    ran: Ran = copy.project.omni("receipts", "show", "f" * 32)
    assert (ran.code, f"the receipt {'f' * 32} cannot be read" in ran.err) == (2, True), ran
    assert "Read it with the omni that wrote it" in ran.err
