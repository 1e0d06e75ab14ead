from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from omni_assets.router.calling.failures import Failed, Kind
from omni_assets.router.calling.replies import Answer
from omni_assets.router.calling.switchboard import Called
from omni_assets.router.gates.gate import MOST_EVIDENCE, Output
from omni_assets.router.learning.auditing import audit_of, auditor
from omni_assets.router.normalise import Normalised
from omni_assets.router.receipt import Cost, PriceSource
from omni_assets.router.route import Route, Skipped
from omni_assets.router.values import FinishReason, Location, Usage
from tests.support.routing import SORTING, Routing

CATALOG = Routing("http://127.0.0.1:1", "http://127.0.0.1:2", Path()).catalog
ROUTE = Route(steps=(), reason="")
USAGE = Usage(input_tokens=1, output_tokens=1, reported=True)


def called(reply: Answer | Failed | str, usd: str | None = "0.5") -> Called:
    answer = Answer(reply, FinishReason.STOP, USAGE) if isinstance(reply, str) else reply
    cost = Cost(usd=None if usd is None else Decimal(usd), source=PriceSource.STATED)
    return Called("large", datetime(2026, 1, 1, tzinfo=UTC), 0.1, answer, cost, USAGE)


def output(answer: str | None, model: str = "small") -> Output:
    return Output(model, "", FinishReason.STOP, answer=answer)


def test_the_baseline_audits_what_another_model_answered() -> None:
    assert auditor(SORTING, CATALOG, ROUTE, output("one")) == "large"


@pytest.mark.parametrize(
    ("accepted", "skipped", "baseline"),
    [
        (output(None), (), "large"),
        (output("one", "large"), (), "large"),
        (output("one"), (Skipped(model="large", reason="it may not leave"),), "large"),
        (output("one"), (), None),
        (output("one"), (), "nonesuch"),
    ],
)
def test_there_is_no_audit_without_something_to_compare_or_somebody_who_may_look(
    accepted: Output, skipped: tuple[Skipped, ...], baseline: str | None
) -> None:
    task_class = SORTING.model_copy(update={"baseline": baseline})
    assert auditor(task_class, CATALOG, ROUTE.model_copy(update={"skipped": skipped}), accepted) is None


@pytest.mark.parametrize(
    ("theirs", "agrees", "says"),
    [
        ('{"label": "ONE."}', True, "both say `one`"),
        ('```json\n{"label": "two"}\n```', False, "it says `one`, and the baseline `two`"),
        ("no label at all", None, "nothing that could be compared"),
        (Failed(Kind.TIMEOUT, "no whole reply within 5 s"), None, "gave no answer: timeout"),
    ],
)
def test_answers_are_compared_in_their_canonical_form(theirs: str | Failed, agrees: bool | None, says: str) -> None:
    audit = audit_of([called(theirs)], Normalised('{"label": "one"}', answer="one"), SORTING, CATALOG)
    assert audit is not None
    assert (audit.agrees, audit.location, audit.cost.usd) == (agrees, Location.CLOUD, Decimal("0.5"))
    assert says in audit.evidence


def test_evidence_is_bounded_and_holds_nothing_that_a_terminal_obeys() -> None:
    theirs = '{"label": "\\u001b[2J' + "x" * 10_000 + '"}'
    audit = audit_of([called(theirs)], Normalised("", answer="y" * 10_000), SORTING, CATALOG)
    assert audit is not None
    assert audit.evidence.isprintable()
    assert len(audit.evidence) <= MOST_EVIDENCE


def test_an_audit_costs_what_all_of_its_calls_cost() -> None:
    reset = called(Failed(Kind.RESET, "broke"), None)
    accepted = Normalised("", answer="one")
    assert audit_of([], accepted, SORTING, CATALOG) is None
    twice = audit_of([called("{}"), called("{}")], accepted, SORTING, CATALOG)
    assert twice is not None
    assert twice.cost.usd == 1
    unknown = audit_of([reset, called("{}")], accepted, SORTING, CATALOG)
    assert unknown is not None
    assert unknown.cost.usd is None
