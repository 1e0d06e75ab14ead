"""``omni receipts``, ``omni receipts show`` and ``omni savings``: what is remembered, readable, and nothing made up."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from omni_assets.cli.views.receipt import remembered_lines
from omni_assets.cli.views.receipts import receipts_lines
from omni_assets.cli.views.savings import savings_lines
from omni_assets.operations.routing.remembered import Remembered, receipts
from omni_assets.operations.routing.savings import By, savings
from omni_assets.projection.receipts import receipt_row
from omni_assets.projection.rows import PublicationRow
from omni_assets.projection.store import Projection
from tests.support import receipts as made

NOW = datetime.now(UTC)
LONG = "a reason that goes on for quite a while, as reasons of a chain of models do, and names \x1b[31mmodels\x1b[0m"


def ended(hours):
    return {"started_at": NOW - timedelta(hours=hours, seconds=1), "ended_at": NOW - timedelta(hours=hours)}


ONE = made.receipt(1, **ended(1))
TWO = made.receipt(
    2,
    made.rejected(normalised=("a code fence",)),
    made.unanswered(cost=made.cost(None)),
    made.cloud(support=0.93, reason=LONG),
    audit=made.audit(agrees=False),
    task_class="acceptance-verification",
    findings=("the endpoint `openai` charged more than was reserved",),
    **ended(30),
)
FAILED = made.receipt(3, made.rejected(), failure=LONG, **ended(4))


def remember(home, *kept):
    Projection(home).record_receipts(receipt_row(each.model_dump(mode="json"), "local") for each in kept)


@pytest.fixture
def kept(project):
    remember(project.home, ONE, TWO, FAILED)
    return project


def plain(lines):
    return ["".join(text for text, _ in line) for line in lines]


def test_the_list_is_newest_first_with_the_reason_of_each_failure(kept):
    ran = kept.omni("receipts")
    assert (ran.code, ran.err) == (0, "")
    header, first, second, below, third, wrong, end = ran.out.splitlines()
    assert header.split() == ["RECEIPT", "AGE", "TASK", "CLASS", "ANSWER", "COST", "SAVED"]
    assert first.split() == [ONE.id[:8], "1", "h", "task-1", "classification", "smollm2", "$0", "$0.001"]
    assert second.split() == [FAILED.id[:8], "4", "h", "task-3", "classification", "failed", "$0", "-"]
    assert below.strip().startswith("a reason that goes on")
    assert "\x1b" not in ran.out
    assert third.split()[-4:] == ["gpt-4o-mini", "not", "known", "-"]
    assert wrong.strip() == "the audit does not agree with this answer"
    assert end == "3 receipts"


@pytest.mark.parametrize(
    ("arguments", "tasks"),
    [
        (("--class", "acceptance-verification"), ["task-2"]),
        (("--model", "gpt-4o-mini"), ["task-2"]),
        (("--outcome", "failed"), ["task-3"]),
        (("--since", "24h"), ["task-1", "task-3"]),
        (("--since", "150min"), ["task-1"]),
        (("--since", f"{NOW - timedelta(hours=2.5):%Y-%m-%dT%H:%M:%S}"), ["task-1"]),
        (("--since", "2020-01-01"), ["task-1", "task-3", "task-2"]),
        (("--class", "nothing"), []),
    ],
)
def test_the_list_is_narrowed(kept, arguments, tasks):
    found = kept.omni("receipts", *arguments, "--format", "json").document["receipts"]
    assert [each["task_id"] for each in found] == tasks


def test_a_limit_is_told(kept):
    ran = kept.omni("receipts", "--limit", "2")
    assert ran.out.splitlines()[-1] == "2 receipts"
    assert ran.err == "omni: there are more receipts than these 2; --limit shows more.\n"


def test_programs_read_the_list_as_json(kept):
    first = kept.omni("receipts", "--format", "json").document["receipts"][0]
    assert first["id"] == ONE.id
    assert first["ended_at"] == ONE.ended_at.isoformat()
    assert (first["spent_usd"], first["saved_usd"]) == ("0.000000000", "0.001000000")
    assert (first["published"], first["environment"]) == (False, "local")


@pytest.mark.parametrize("when", ["yesterday", "2026-13-01", "7 weeks", "-1h", "999999d 1"])
def test_a_moment_that_is_none_is_a_usage_error(project, when):
    ran = project.omni("receipts", f"--since={when}")
    assert (ran.code, ran.out) == (2, "")
    assert f"'--since': `{when}` is neither a day" in ran.err


def test_nothing_remembered(project):
    assert project.omni("receipts").out == "no receipt is remembered: `omni route run` makes some\n"
    assert project.omni("receipts", "--format", "json").document == {"receipts": []}
    assert project.omni("savings").out == "no receipt is remembered\n"
    assert not (project.home / "projection.duckdb").exists()


def test_one_receipt_tells_the_whole_chain(kept):
    ran = kept.omni("receipts", "show", TWO.id[:7].upper())
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    for words in (
        f"receipt {TWO.id}",
        "task task-2 of pull-2: class acceptance-verification, as it states; prompt version 1",
        "accepted: answered by gpt-4o-mini (3 calls, 1.00 s, ended ",
        "*  smollm2, then gpt-4o-mini       $0.00001    0.950     0.910",
        "    the cheapest that meets the floor",
        "not secret-model: its endpoint is down",
        "1. smollm2 (local, smollm2-135m at local): rejected",
        "    before the gates saw it: a code fence",
        "    failed valid-json v1: it is no JSON: line 1 column 1",
        "2. smollm2 (local, smollm2-135m at local): failed",
        "    cost not known (prices: own-hardware)",
        "    timeout: it did not answer within 2 s (asking again may help)",
        "    cost $0.000027 (prices: genai-prices 0.2.0); $0.0004 were reserved",
        "names \\x1b[31mmodels",
        "    support 0.93",
        "audit by claude-sonnet (cloud): does not agree: both say `bug`",
        "cost not known",
        "claude-sonnet would have cost $0.001 (prices: genai-prices 0.2.0); saved not known",
        "finding: the endpoint `openai` charged more than was reserved",
        "not in the ledger of local yet",
    ):
        assert words in ran.out


def test_a_task_that_was_not_done_is_told_by_the_exit_code(kept):
    ran = kept.omni("receipts", "show", FAILED.id)
    assert ran.code == 1
    assert "saved nothing, since no answer was accepted" in ran.out


def test_a_receipt_as_json_is_the_receipt(kept):
    document = kept.omni("receipts", "show", ONE.id[:6], "--format", "json").document
    assert document["receipt"] == json.loads(ONE.model_dump_json())
    assert (document["environment"], document["ledger"]) == ("local", [])


def test_where_the_ledger_has_it_is_told(kept):
    Projection(kept.home).record_publications([PublicationRow(ONE.id, "main", "the.ledger", 2, 17, NOW)])
    ran = kept.omni("receipts", "show", ONE.id[:6])
    assert ran.out.splitlines()[-1] == "in the ledger the.ledger of main: partition 2, offset 17"


@pytest.mark.parametrize("prefix", ["0000000000", "../etc", "é", "x" * 40])
def test_an_id_that_there_is_none_of(kept, prefix):
    ran = kept.omni("receipts", "show", prefix)
    assert (ran.code, ran.out) == (2, "")
    assert "no receipt has an id that begins with" in ran.err
    assert "`omni receipts` lists them." in ran.err


@pytest.mark.parametrize(
    ("change", "why"), [({"version": 2}, "`version` is not 1"), ({"outcome": "\x1b[31m"}, "`outcome` ")]
)
def test_a_receipt_of_another_version_is_said_to_be_one(project, change, why):
    row = receipt_row(ONE.model_dump(mode="json"), "local")
    Projection(project.home).record_receipts([row._replace(document=json.dumps(json.loads(row.document) | change))])
    ran = project.omni("receipts", "show", ONE.id)
    assert (ran.code, ran.out) == (2, "")
    assert f"the receipt {ONE.id} cannot be read: " in ran.err
    assert why in ran.err
    assert "\x1b" not in ran.err
    assert ONE.id in project.omni("receipts", "--format", "json").out


def test_a_receipt_with_a_field_that_was_added_is_shown_as_any_other(project):
    row = receipt_row(ONE.model_dump(mode="json"), "local")
    Projection(project.home).record_receipts([row._replace(document=json.dumps(json.loads(row.document) | {"new": 1}))])
    ran = project.omni("receipts", "show", ONE.id)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"receipt {ONE.id}")


def test_an_id_that_several_begin_with(project):
    remember(project.home, *(made.receipt(number) for number in range(200)))
    some = project.omni("receipts", "show", made.receipt(1).id[0])
    assert (some.code, some.out) == (2, "")
    assert "begins the ids of more than 5 receipts: " in some.err
    assert "Give more of its digits." in some.err


def test_savings_say_what_is_known_and_what_is_not(kept):
    ran = kept.omni("savings")
    assert (ran.code, ran.err) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in ran.out.splitlines() if not line.startswith("false"))
    assert facts["tasks"] == "3 tasks, 2 accepted, 1 not"
    assert facts["local"] == "58.1 % of 620 tokens; those of 1 call are not known"
    assert facts["spent"] == "at least $0.000927; what 1 call cost is not known"
    assert facts["avoided"] == (
        "$0.001: claude-sonnet would have cost $0.001 for 1 accepted task; what 1 accepted task saved is not known"
    )
    assert facts["escalated"] == "33.3 % (1 of 3 routed tasks)"
    assert "false accepts  100.0 % (1 of 1 audited answer)" in ran.out


def test_savings_without_an_audit_know_no_false_accepts(project):
    remember(project.home, ONE)
    assert "false accepts  not known: no accepted answer was audited" in project.omni("savings").out
    assert project.omni("savings", "--format", "json").document["total"]["false_accept_rate"] is None


def test_failed_tasks_cost_and_save_nothing(project):
    remember(project.home, made.receipt(1, made.cloud(outcome="rejected")))
    ran = project.omni("savings")
    assert "spent          $0.000027, $0.000027 of it on tasks without an accepted answer" in ran.out
    assert "avoided        $0" in ran.out


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("class", ["acceptance-verification", "classification"]),
        ("model", ["gpt-4o-mini", "smollm2", None]),
        ("day", None),
    ],
)
def test_savings_are_told_apart(kept, by, names):
    document = kept.omni("savings", "--by", by, "--format", "json").document
    assert document["by"] == by
    if names is not None:
        assert [each["name"] for each in document["groups"]] == names
    assert sum(each["tasks"] for each in document["groups"]) == document["total"]["tasks"] == 3
    table = kept.omni("savings", "--by", by).out
    assert table.splitlines()[0].split()[-6:] == ["ACCEPTED", "LOCAL", "SPENT", "AVOIDED", "ESCALATED", "WRONG"]


def test_savings_since_a_moment(kept):
    assert kept.omni("savings", "--since", "10h", "--format", "json").document["total"]["tasks"] == 2
    assert kept.omni("savings", "--since", "1s").out.startswith("no receipt is remembered since ")


@pytest.mark.parametrize("width", [80, 200])
def test_nothing_is_wider_than_the_terminal(tmp_path, width):
    remember(tmp_path, ONE, TWO, FAILED)
    drawn = [
        *receipts_lines(receipts(tmp_path), NOW, width),
        *(line for each in (ONE, TWO, FAILED) for line in remembered_lines(Remembered(each, "local", ()), width)),
        *(line for by in (None, *By) for line in savings_lines(savings(tmp_path, by), width)),
    ]
    assert max(map(len, plain(drawn))) <= width
