"""``omni task replay``: what it shows, says and refuses, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from omni_assets.agents.task_receipt import TaskReceipt
from tests.cli.conftest import made
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

ASKED, ANSWERED = "onex.cmd.echo.echo-requested.v1", "onex.evt.echo.echo-completed.v1"
LEDGER, SHADOW = "onex.evt.receipt-recorder.receipt-recorded.v1", "onex.evt.shadow.seen.v1"
ECHO = f"""\
name: echo
handler: {{kind: python, entry: "omni_assets.agents.echo:echo"}}
event_bus:
  subscribe_topics:
    - topic: {ASKED}
      partitions: 1
  publish_topics:
    - {{topic: {ANSWERED}, partitions: 3}}
  dlq_topics: [onex.dlq.echo.dead-letter.v1]
"""
RECORDER = f"""\
name: receipt-recorder
event_bus:
  publish_topics:
    - {{topic: {LEDGER}, partitions: 3}}
"""
TASKS = [{"topic": ASKED, "key": f"k{each % 5}", "data": {"text": str(each)}, "id": f"e{each}"} for each in range(20)]
ALL = ("task", "replay", "--topic", ASKED, "--from", "start")


@pytest.fixture
def agents(project, address):
    """A project with the node `echo`, whose twenty tasks were worked on."""
    project.contract("echo", ECHO)
    project.contract("receipt-recorder", RECORDER)
    assert project.omni("provision").code == 0
    assert project.omni("task", "submit", "-", stdin="".join(f"{json.dumps(each)}\n" for each in TASKS)).code == 0
    assert project.omni("worker", "--drain").code == 0
    return project


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory, module_broker):
    """A project with the node `echo`, for tests that change nothing."""
    project = made(tmp_path_factory.mktemp("unchanged"))
    project.environ["OMNI_BOOTSTRAP_SERVERS"] = module_broker.bootstrap_servers
    project.contract("echo", ECHO)
    project.contract("receipt-recorder", RECORDER)
    assert project.omni("provision").code == 0
    return project


def replays(address) -> list[TaskReceipt]:
    found = [TaskReceipt.model_validate_json(each.value() or b"") for each in committed(address, LEDGER, 3)]
    return [each for each in found if each.replay]


def test_it_says_its_id_what_came_of_it_and_that_it_has_ended(agents, address):
    ran = agents.omni(*ALL)
    assert ran.code == 0
    begun = re.fullmatch(
        r"omni: replay (\w{12}) of at most 20 records; where it is ended early, "
        r"`omni task replay --resume (\w{12})` goes on with it\.\n",
        ran.err,
    )
    assert begun is not None, ran
    assert begun[1] == begun[2]
    assert re.fullmatch(rf"echo: 20 tasks done\nreplay {begun[1]} has come to its end \(\d+\.\d\d s\)\n", ran.out)
    assert {each.replay for each in replays(address)} == {begun[1]}
    over = agents.omni("task", "replay", "--resume", begun[1])
    assert over.code == 2
    assert f"no replay `{begun[1]}` is unfinished at {address}." in over.err


def test_the_commands_of_the_page_do_as_it_says(agents, address):
    page = (Path(__file__).parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")
    look, do = re.findall(r"^omni (task replay --topic .*)$", page, re.MULTILINE)
    assert agents.omni(*look.split()).code == 0
    assert replays(address) == []
    assert agents.omni("task", "submit", "-", stdin=json.dumps({**TASKS[0], "key": "a", "id": "a"})).code == 0
    assert agents.omni(*do.split()).out.startswith("echo: 1 task done\n")


def test_a_dry_run_shows_the_range_and_does_nothing(agents, address):
    shown = agents.omni(*ALL, "--to", "0:15", "--key", "k1", "--dry-run")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines() == [
        f"{ASKED}: at most 15 records of the key `k1` for echo",
        "PARTITION  FROM  TO",
        "0          0     15",
    ]
    document = agents.omni(*ALL, "--dry-run", "--format", "json").document
    assert (document["replay"], document["nodes"], document["left"]) == (None, {"echo": None}, None)
    assert agents.omni(*ALL, "--dry-run", OMNI_READONLY="1").code == 0
    forbidden = agents.omni(*ALL, OMNI_READONLY="1")
    assert (forbidden.code, "forbids every write" in forbidden.err) == (2, True)
    assert replays(address) == []


def test_for_programs(agents, address):
    document = agents.omni(*ALL, "--key", "k2", "--format", "json").document
    assert document["nodes"]["echo"] == {
        "done": 4,
        "failed": 0,
        "dead-lettered": 0,
        "duplicate": 0,
        "waiting": 0,
    }
    assert (document["left"], document["topic"], document["key"]) == (0, ASKED, "k2")
    assert document["partitions"] == [{"partition": 0, "start": 0, "end": 20}]
    assert {each.replay for each in replays(address)} == {document["replay"]}


def test_results_in_a_shadow_topic(agents, address, admin):
    from confluent_kafka.admin import NewTopic

    admin.create_topics([NewTopic(SHADOW, 1, 1)])[SHADOW].result(20)
    ran = agents.omni(*ALL, "--shadow", SHADOW)
    assert (ran.code, len(committed(address, SHADOW, 1)), len(committed(address, ANSWERED, 3))) == (0, 20, 20)


def test_a_task_that_fails_again_is_no_clean_end(agents, address):
    agents.contract("echo", ECHO.replace("partitions: 1", "partitions: 1\n      schema: {required: [other]}"))
    ran = agents.omni(*ALL, "--to", "0:3")
    assert ran.code == 1
    assert "echo: 3 tasks dead-lettered" in ran.out


def test_nothing_there_is_said_and_no_replay_is_begun(agents, address):
    ran = agents.omni("task", "replay", "--topic", ASKED, "--from", "2100-01-01")
    assert (ran.code, ran.out, ran.err) == (0, f"nothing of {ASKED} lies there\n", "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "it is not said what is to be worked on again. Name --topic and --from, or --resume."),
        (("--topic", ASKED), "it is not said what is to be worked on again."),
        (("--topic", ASKED, "--from", "yore"), "`yore` is no place in a topic."),
        (("--topic", ASKED, "--from", " "), "it is empty"),
        (("--topic", "onex.cmd.echo.echo-request.v1", "--from", "2h"), f"Perhaps `{ASKED}` is meant."),
        (("--topic", ANSWERED, "--from", "2h"), "no node that has a handler subscribes it"),
        (("--topic", ASKED, "--from", "2h", "--node", "receipt-recorder"), "`receipt-recorder`"),
        (("--topic", ASKED, "--from", "2h", "--shadow", ASKED), "is subscribed by `echo`"),
        (("--resume", "0123456789ab"), "no replay `0123456789ab` is unfinished"),
        (("--resume", "0123456789ab", "--key", "k1"), "a replay is gone on with as it was begun"),
        (("--resume", "yesterday's"), "`yesterday's` is no id of a replay"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(unchanged, arguments, complaint):
    refused = unchanged.omni("task", "replay", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert complaint in " ".join(refused.err.split())
