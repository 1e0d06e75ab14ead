"""Whatever contracts, brokers, records, handlers and models say is shown as text: nothing of it steers a terminal,
hides or turns what is shown, and nothing of it is a statement in SQL."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.broker.connection import Connection, open_client
from omni_assets.contracts.text import visible
from tests.cli.conftest import Project, made
from tests.cli.test_streams import on_terminal
from tests.support import lived
from tests.support.lived import ASKED, DONE, LETTERS, PLAN, ROUTED, Lived
from tests.support.model_endpoint import ModelEndpoint, answers
from tests.support.routed_project import KEY, KEY_ENV, SMALL_ENV

LINK = "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x07"
CLEAR, TITLE, C1 = "\x1b[2J\x1b[1;1H\x1b[8m", "\x1b]0;owned\x07", "\x9b31m\x9d8;;x\x9c"
BIDI = "\u202eevil\u202c\u2066x\u2069\u200f"
HIDDEN = "a\u200bb\ufeffc\u00add\U000e0041"
LINES = "one\r\nomni: all is well\x0b\x0c\x85\u2028two"
MARKUP = "[bold red]x[/] [link=https://evil.example]y[/link] <script>alert(1)</script>"
INJECTION = "'); DROP TABLE tasks; --\" OR 1=1; ATTACH 'x'"
HOSTILE = " ".join((LINK, CLEAR, TITLE, C1, BIDI, HIDDEN, LINES, MARKUP, INJECTION))
_HANDLER = f"""\
import json

from omni_assets.agents.attempts import Hopeless

HOSTILE = {HOSTILE!r}


def work(event, context):
    wanted = json.loads(event.data)["wanted"]
    if wanted == "fail":
        raise Hopeless(HOSTILE)
    if wanted == "ask":
        return {{"approved": context.ask(HOSTILE, HOSTILE).approved}}
    return {{"done": HOSTILE}}
"""
# What may stand in a frame of text: colours of our own, and the end of a line.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_STEERING = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def steering(shown: str) -> list[str]:
    """The characters that a terminal, or a person, would be misled by."""
    return [each for each in shown if each != "\n" and unicodedata.category(each) in _STEERING]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, module_broker: Any) -> Iterator[Lived]:
    """A project in which a bit of everything has happened, all of it named and told by somebody hostile."""
    project = made(tmp_path_factory.mktemp("hostile"))
    with ModelEndpoint(otherwise=answers(HOSTILE)) as model:
        lived.write(project, model.base_url)
        (project.folder / "desk.py").write_text(_HANDLER, encoding="utf-8")
        (project.folder / ROUTED).write_text(
            json.dumps({"id": HOSTILE[:190], "task_class": "sorting", "inputs": {"text": HOSTILE}}) + "\n"
        )
        project.environ |= {
            "OMNI_BOOTSTRAP_SERVERS": module_broker.bootstrap_servers, SMALL_ENV: model.base_url, KEY_ENV: KEY
        }  # fmt: skip
        made_of = lived.live(project, module_broker.connection, project.omni, routed=1)
        _strangers(module_broker.connection)
        _contracts(project)
        yield made_of


def _strangers(connection: Connection) -> None:
    """Records that are no events, and a group of a hostile name that has read them."""
    producer = open_client(Producer, connection)
    for topic in (ASKED, LETTERS, DONE):
        producer.produce(topic, HOSTILE.encode(), HOSTILE.encode(), headers=[("ce_id", HOSTILE.encode()), (LINK, b"x")])
    assert producer.flush(20) == 0
    reader = open_client(Consumer, connection, {"group.id": f"g{CLEAR}{BIDI}{INJECTION}", "enable.auto.commit": False})
    reader.commit(offsets=[TopicPartition(DONE, 0, 1)], asynchronous=False)
    reader.close()


def _contracts(project: Project) -> None:
    stated = {
        "name": HOSTILE,
        "description": HOSTILE,
        "event_bus": {"publish_topics": [HOSTILE, DONE, f"onex.evt.{LINK}"]},
    }
    folder = project.folder / "contracts" / f"evil{BIDI}"
    folder.mkdir()
    (folder / "contract.yaml").write_text(json.dumps(stated), encoding="utf-8")


def commands(of: Lived) -> list[tuple[str, ...]]:
    return [
        ("check",), ("topics",), ("wiring",), ("explain", DONE), ("validate",), ("drift",), ("drift", "--stored"),
        ("plan",), ("plan", "-o", PLAN), ("apply", PLAN), ("top", "--once"), ("worker", "--drain"), ("task", "list"),
        ("task", "show", of.task), ("task", "approvals"), ("task", "dlq", "list"), ("task", "dlq", "show", of.letter),
        ("receipts",), ("receipts", "show", of.receipt), ("route", "explain", ROUTED), ("route", "run", ROUTED),
        ("savings",), ("doctor",), ("sql", "select document from tasks"), ("sql", f"select '{INJECTION}"),
        ("explain", HOSTILE), ("task", "show", HOSTILE), ("receipts", "show", HOSTILE), ("docs", HOSTILE),
        ("drift", "--env", HOSTILE), ("rescue", HOSTILE, "--into", DONE), ("task", "dlq", "show", HOSTILE),
    ]  # fmt: skip


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_command_lets_a_text_steer_what_it_is_shown_on(hostile: Lived) -> None:
    shown = 0
    for words in commands(hostile):
        ran = hostile.project.omni(*words, timeout=170)
        assert steering(ran.out + ran.err) == [], (words, ran)
        assert "unforeseen" not in ran.err, (words, ran)
        shown += "\\x1b" in ran.out + ran.err
    assert shown > 15, "hostile texts were shown, written out"


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nor_does_one_on_a_terminal(hostile: Lived) -> None:
    for words in (("check",), ("drift",), ("task", "list"), ("task", "approvals"), ("receipts",), ("explain", HOSTILE)):
        _, shown = on_terminal(hostile.project, *words, columns=120)
        # The spinner of a terminal hides and shows the cursor, and takes its line back.
        own = re.sub(r"\x1b\[\?25[lh]|\x1b\[[12]K|\x1b\[1A|\r", "", shown)
        assert steering(_COLOUR.sub("", own)) == [], (words, shown)
        assert "evil.example\x1b" not in shown


@pytest.mark.broker
@pytest.mark.slow
def test_nothing_that_was_said_was_a_statement(hostile: Lived) -> None:
    counted = hostile.project.omni("sql", "select count(*) from tasks", "--format", "json")
    assert counted.code == 0
    assert "DROP TABLE" in hostile.project.omni("sql", "select document from tasks").out


@given(st.text())
def test_a_text_that_is_shown_holds_nothing_that_steers(text: str) -> None:
    assert steering(visible(text)) == []
    assert "\n" not in visible(text)
