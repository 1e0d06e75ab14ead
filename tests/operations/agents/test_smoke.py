"""Everything that is declared is tried on a broker of its own; what does not work is told with its reason."""

from __future__ import annotations

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
    assert Tried("reviewer on onex.evt.router.routing-complete.v1") in smoked.handlers
    absent = {each.name: each.absent for each in smoked.handlers if each.absent}
    assert len(absent) == 10
    assert set(absent.values()) == {"OMNI_REPOSITORIES names no folder with repositories"}
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
