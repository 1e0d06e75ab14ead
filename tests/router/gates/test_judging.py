"""Gates held against an output: in order, each seeing what was said before, and none failing open."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.gates.gate import (
    MOST_EVIDENCE,
    BoundGate,
    Check,
    Evidence,
    Gate,
    Judged,
    NoParameters,
    ProcessGate,
    Verdict,
    failed,
    passed,
)  # fmt: skip
from omni_assets.router.gates.judging import judge, shown
from omni_assets.router.task_class import Severity
from tests.support.outputs import evidence


def gate(judged: Any, name: str = "mine", kind: Any = Gate) -> BoundGate:
    return BoundGate(kind(name, 2, "", "", "", "", NoParameters, judged), Severity.WARNING, NoParameters())


def said(*uses: BoundGate) -> tuple[Check, ...]:
    return asyncio.run(judge(uses, evidence("text")))


def test_gates_are_asked_in_order_and_see_what_was_said_before() -> None:
    seen: list[list[str]] = []

    def look(found: Evidence, _: NoParameters) -> Judged:
        seen.append([check.gate for check in found.checks])
        return failed("no", score=0.25)

    async def wait(found: Evidence, _: NoParameters) -> Judged:
        await asyncio.sleep(0)
        return look(found, _)

    checks = said(gate(look, "a"), gate(wait, "b", ProcessGate), gate(look, "c"))
    assert [check.gate for check in checks] == ["a", "b", "c"]
    assert seen == [[], ["a"], ["a", "b"]]
    assert checks[0] == Check(
        gate="a", version=2, severity=Severity.WARNING, verdict=Verdict.FAILED, evidence="no", score=0.25
    )


def broken(*_: object) -> Judged:
    raise RuntimeError("\x1b[31mred\n")


@pytest.mark.parametrize(
    ("judged", "why"),
    [
        (broken, "the gate itself failed with RuntimeError: \\x1b[31mred\\n"),
        (lambda *_: True, "the gate gave bool back, which is no judgement"),
        (lambda *_: None, "the gate gave NoneType back, which is no judgement"),
        (lambda *_: passed(score=1.5), "what the gate said cannot be kept: Input should be less than or equal to 1"),
        (lambda *_: passed(score=float("nan")), "what the gate said cannot be kept: Input should be a finite number"),
        (
            lambda *_: Judged("fine"),
            "what the gate said cannot be kept: Input should be 'passed', 'failed' or 'unknown'",
        ),
        (lambda *_: passed(7), "what the gate said cannot be kept: 'int' object is not subscriptable"),
    ],
)
def test_a_gate_that_cannot_judge_says_unknown(judged: Any, why: str) -> None:
    [check] = said(gate(judged))
    assert (check.verdict, check.evidence) == (Verdict.UNKNOWN, why)
    assert check.model_copy(update={"severity": Severity.ERROR}).bars


def test_who_stops_the_router_stops_its_gates() -> None:
    async def cancelled(*_: object) -> Judged:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        said(gate(cancelled, kind=ProcessGate))


@given(st.text(max_size=2000))
def test_evidence_is_bounded_and_nothing_that_a_terminal_obeys(text: str) -> None:
    kept = shown(text)
    assert len(kept) <= MOST_EVIDENCE
    assert shown(kept) == kept
    assert {unicodedata.category(each) for each in kept}.isdisjoint({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
    if len(text) <= MOST_EVIDENCE and text.isprintable():
        assert kept == text


def test_evidence_of_the_longest_kind_is_cut() -> None:
    assert len(shown("\x1b" * 10_000)) == MOST_EVIDENCE
