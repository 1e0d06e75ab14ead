"""Everything that is declared is tried on a broker of its own; what does not work is told with its reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from omni_assets.operations.agents.smoke import Tried, smoke

pytestmark = pytest.mark.broker

PROJECT = Path(__file__).resolve().parents[3]
WRONG = '''
"""Handlers that do not do what they should."""

import threading

from omni_assets.agents.handlers import Said


def elsewhere(event):
    return Said({"text": "a"}, "onex.evt.unfit.done.v1")


def unfit(event):
    return Said({"message": "a"})


def hangs(event):
    threading.Event().wait()


def fails(event):
    raise RuntimeError("no such branch")
'''
NODE = """\
name: {0}
handler: {{kind: python, entry: "{1}"}}
event_bus:
  subscribe_topics:
    - topic: onex.cmd.{0}.go.v1
      example: {{text: a}}
  publish_topics:
    - topic: onex.evt.{0}.done.v1
      schema: {{required: [text]}}
"""


def test_the_projects_own_contracts_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMNI_REPOSITORIES", raising=False)
    smoked = smoke(environ={"OMNI_HOME": "/nowhere"}, folder=PROJECT)
    assert smoked.clean
    assert len(smoked.topics) == 38
    assert Tried("echo on onex.cmd.echo.echo-requested.v1") in smoked.handlers
    assert Tried("merger on onex.evt.reviewer.review-complete.v1") in smoked.handlers
    assert len(smoked.handlers) == 17
    assert "OMNI_REPOSITORIES" not in os.environ
    assert smoked.untried == ()


def test_what_does_not_work_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wrong_handlers.py").write_text(WRONG)
    monkeypatch.syspath_prepend(tmp_path)
    entries = {
        "absent": "wrong_handlers:nothing",
        "elsewhere": "wrong_handlers:elsewhere",
        "fails": "wrong_handlers:fails",
        "hangs": "wrong_handlers:hangs",
        "unfit": "wrong_handlers:unfit",
    }
    for name, entry in entries.items():
        (tmp_path / "contracts" / name).mkdir(parents=True)
        (tmp_path / "contracts" / name / "contract.yaml").write_text(NODE.format(name, entry))
    (tmp_path / "contracts" / "quiet").mkdir()
    quiet = NODE.format("quiet", "wrong_handlers:unfit").replace("      example: {text: a}\n", "")
    (tmp_path / "contracts" / "quiet" / "contract.yaml").write_text(quiet)
    monkeypatch.setattr("omni_assets.operations.agents.smoke.HANDLER_SECONDS", 0.5)
    smoked = smoke(environ={}, folder=tmp_path)
    assert not smoked.clean
    assert [each.why for each in smoked.topics] == [""] * 12
    why = {each.name.split()[0]: each.why for each in smoked.handlers}
    assert "`wrong_handlers` has no function `nothing`" in why["absent"]
    assert why["elsewhere"].startswith("`elsewhere` may not publish `onex.evt.unfit.done.v1`: its contract names ")
    assert why["hangs"] == "it did not end within 0.5 s"
    assert why["fails"] == "no such branch"
    assert "'text' is a required property" in why["unfit"]
    assert smoked.untried == ("quiet",)


OWN_CLIENT = '''
"""Handlers with a client of their own, which nobody waits for."""

import os

from confluent_kafka import Producer

KEPT = []


def say(event, topic):
    KEPT.append(Producer({"bootstrap.servers": os.environ["OMNI_BOOTSTRAP_SERVERS"], "log_level": 0}))
    KEPT[-1].produce(topic, b"1")
    return {"text": "a"}


def elsewhere(event):
    return say(event, "onex.evt.stray.dnoe.v1")


def within(event):
    return say(event, "onex.evt.tidy.done.v1")
'''


def test_a_client_of_its_own_that_goes_elsewhere_fails_a_handler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNI_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    (tmp_path / "own_client.py").write_text(OWN_CLIENT)
    monkeypatch.syspath_prepend(tmp_path)
    for name, function in (("tidy", "within"), ("stray", "elsewhere")):
        (tmp_path / "contracts" / name).mkdir(parents=True)
        (tmp_path / "contracts" / name / "contract.yaml").write_text(NODE.format(name, f"own_client:{function}"))
    smoked = smoke(environ={}, folder=tmp_path)
    why = {each.name: each.why for each in smoked.handlers}
    assert set(why) == {"tidy on onex.cmd.tidy.go.v1", "stray on onex.cmd.stray.go.v1", "stray by itself"}
    assert why["stray by itself"] == (
        "a client of its own asks for `onex.evt.stray.dnoe.v1`, which its contract does not name: perhaps "
        "`onex.evt.stray.done.v1` is meant"
    )
    assert os.environ["OMNI_BOOTSTRAP_SERVERS"] == "127.0.0.1:1"


OUTSIDE = '''
"""Handlers that do something outside the bus, and that ask."""

DONE = []


def merge(event, context):
    context.effect("merge", lambda: DONE.append(event), lambda: None)
    raise AssertionError


def push(event, context):
    context.effect("push", lambda: DONE.append(event), lambda: None)


def ask(event, context):
    return {"text": context.ask("x", "Is this good?").by}
'''


def test_no_effect_is_had_and_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside_handlers.py").write_text(OUTSIDE)
    monkeypatch.syspath_prepend(tmp_path)
    effects = ", effects: [merge]"
    asks = ", approvals: {requests: onex.evt.asks.asked.v1, answers: onex.cmd.asks.answer.v1}"
    nodes = {"merges": ("merge", effects), "pushes": ("push", effects), "asks": ("ask", asks), "whom": ("ask", "")}
    for name, (function, more) in nodes.items():
        (tmp_path / "contracts" / name).mkdir(parents=True)
        text = NODE.format(name, f"outside_handlers:{function}").replace('"}', f'"{more}}}')
        intents = f"    - onex.intent.{name}.merge.v1\n" if more == effects else ""
        (tmp_path / "contracts" / name / "contract.yaml").write_text(text + intents)
    smoked = smoke(environ={}, folder=tmp_path)
    why = {each.name.split()[0]: each.why for each in smoked.handlers}
    assert [each.why for each in smoked.topics] == [""] * 12
    assert (why["merges"], why["asks"]) == ("", "")
    assert why["pushes"] == "it may not have the effect `push`: `handler.effects` of its contract names `merge`"
    assert why["whom"] == "it asks a person, and the contract of `whom` has no `handler.approvals`"

    import outside_handlers

    assert outside_handlers.DONE == []
