"""What an output cites, quotes and points at, held against what was supplied."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.gates.gate import Verdict
from omni_assets.router.task import Source, Task
from omni_assets.router.values import OutputFormat

LOG = Source(id="ci-log", text="E   ConnectionRefusedError: [Errno 111]\n    Connection   refused\n1 failed in 0.3s")
CODE = Source(id="src/retry.py", text="def wait(n):\n    return 2 ** n\n\n\nprint(wait(3))", changed_lines=(2, 5))
OTHER = Source(id="src/other.py", text="x = 1\n", changed_lines=())
TASK = Task(id="t", sources=(LOG, CODE), inputs={"request": "Why does the build fail since Monday?"})
REVIEW = Task(id="t", sources=(CODE, OTHER))
ALONE = Task(id="t", sources=(CODE,))
NOTHING = Task(id="t")


def told(held: Any, gate: str, text: str, task: Task, **parameters: Any) -> tuple[Verdict, str]:
    output_format = OutputFormat.JSON if text.startswith("{") else OutputFormat.TEXT
    check = held(gate, text, parameters, task=task, output_format=output_format)
    return check.verdict, check.evidence


@pytest.mark.parametrize(
    "text",
    [
        "The database was down [ci-log].",
        "It waits too long [src/retry.py, ci-log].",
        "It waits [src/retry.py]; see [the docs](https://example.org) and rows[0]. [ci-log]",
        "- [x] done [ci-log]\n- [ ] open",
        '{"source": "ci-log"}',
        '{"evidence": [{"source": "[ci-log]"}, {"sources": ["src/retry.py"]}]}',
        '{"verdict": "approve", "findings": []}',
    ],
)
def test_citations_of_what_was_supplied(text: str, held: Any) -> None:
    assert told(held, "citations-exist", text, TASK)[0] is Verdict.PASSED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("The database was down [deploy-log].", "cited and not supplied: `deploy-log`"),
        ("It was down [ci-log; deploy-log].", "cited and not supplied: `deploy-log`"),
        ("It was down.", "the output cites 0 sources, and at least 1 are wanted"),
        ('{"findings": [{"file": "src/gone.py", "line": 1}]}', "cited and not supplied: `src/gone.py`"),
        ('{"citations": ["ci-log", 7]}', "cited and not supplied: `7`"),
    ],
)
def test_citations_of_what_was_not(text: str, why: str, held: Any) -> None:
    assert told(held, "citations-exist", text, TASK) == (Verdict.FAILED, why)


def test_how_much_must_be_cited(held: Any) -> None:
    text = "The database was down today [ci-log].\nOr so it seems to me."
    assert told(held, "citations-exist", text, TASK, each_line=True) == (
        Verdict.FAILED,
        "line 2 states something and cites nothing",
    )
    assert told(held, "citations-exist", text, TASK, least=2)[0] is Verdict.FAILED
    assert told(held, "citations-exist", "It was down.", TASK, least=0)[0] is Verdict.PASSED
    assert told(held, "citations-exist", '{"evidence": []}', TASK, least=1)[0] is Verdict.FAILED
    assert told(held, "citations-exist", '{"from": "gone"}', TASK, members=["from"])[0] is Verdict.FAILED


@given(cited=st.lists(st.sampled_from(["ci-log", "src/retry.py", "gone", "ci-log2"]), min_size=1, max_size=5))
def test_a_citation_passes_exactly_where_all_of_them_were_supplied(cited: list[str], held: Any) -> None:
    expected = Verdict.PASSED if {*cited} <= {"ci-log", "src/retry.py"} else Verdict.FAILED
    for text in (
        " and ".join(f"so [{each}]" for each in cited),
        f"so [{', '.join(cited)}]",
        json.dumps({"claims": [{"source": each} for each in cited]}),
    ):
        assert told(held, "citations-exist", text, TASK)[0] is expected


@pytest.mark.parametrize(
    "text",
    [
        'It says "ConnectionRefusedError: [Errno 111] connection refused".',
        "It says “1 failed in 0.3s” [ci-log].",
        'It says "ConnectionRefusedError: … refused" and "2 ** n", a "made up" thing.',
        'You asked "why does the build fail since Monday?".',
        '{"evidence": [{"source": "ci-log", "quote": "1 failed in 0.3s"}]}',
        '{"quotes": ["return 2 ** n"]}',
        "Nothing is quoted.",
    ],
)
def test_quotes_that_occur(text: str, held: Any) -> None:
    assert told(held, "quotes-occur", text, TASK)[0] is Verdict.PASSED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('It says "2 failed in 0.3s".', "“2 failed in 0.3s” does not occur in anything that the task supplies"),
        ('It says "1 failed in 0.3s" [src/retry.py].', "“1 failed in 0.3s” does not occur in `src/retry.py`"),
        ('It says "refused ... ConnectionRefusedError first".', "does not occur in anything"),
        (
            '{"evidence": [{"source": "src/retry.py", "quote": "1 failed"}]}',
            "“1 failed” does not occur in `src/retry.py`",
        ),
        ('{"why": "it says \\"nothing of the kind\\""}', "“nothing of the kind” does not occur"),
        ('{"quote": "..."}', "“...” does not occur"),
    ],
)
def test_quotes_that_do_not_occur(text: str, why: str, held: Any) -> None:
    verdict, evidence = told(held, "quotes-occur", text, TASK)
    assert verdict is Verdict.FAILED
    assert why in evidence


def test_how_much_must_be_quoted(held: Any) -> None:
    assert told(held, "quotes-occur", "Nothing.", TASK, least=1)[0] is Verdict.FAILED
    assert told(held, "quotes-occur", 'A "made up" thing.', TASK, least_words=1)[0] is Verdict.FAILED
    assert told(held, "quotes-occur", '"a b c" ' * 201, TASK)[1].startswith("the output has more than 200 quotes")


@given(start=st.integers(0, 50), length=st.integers(3, 60))
def test_any_part_of_a_source_may_be_quoted(start: int, length: int, held: Any) -> None:
    quote = " ".join(LOG.text.split())[start : start + length]
    verdict, evidence = told(held, "quotes-occur", json.dumps({"quote": quote, "source": "ci-log"}), TASK)
    assert verdict is (Verdict.PASSED if quote.strip(" .,;:") else Verdict.FAILED), evidence
    assert told(held, "quotes-occur", json.dumps({"quote": f"{quote}§"}), TASK)[0] is Verdict.FAILED


@pytest.mark.parametrize(
    "text",
    [
        "src/retry.py:2 waits for ever.",
        "retry.py:5 and src/retry.py:2 are wrong; at 10:30 nothing was.",
        '{"verdict": "approve", "findings": []}',
        '{"findings": [{"file": "src/retry.py", "line": 2}, {"file": "retry.py", "lines": ["5"]}]}',
    ],
)
def test_reviews_of_what_was_changed(text: str, held: Any) -> None:
    assert told(held, "cites-changed-lines", text, REVIEW)[0] is Verdict.PASSED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("src/retry.py:1 is wrong.", "0 of 1 cited place changed"),
        ("src/retry.py:2 and src/retry.py:1.", "1 of 2 cited places changed"),
        ("src/retry.py:6 is wrong.", "`src/retry.py:6` is not there: `src/retry.py` has 5 lines"),
        ("src/retry.py:5-2 is wrong.", "`src/retry.py:5-2` is not there"),
        ("src/gone.py:2 is wrong.", "`src/gone.py:2` is in no file that the task supplies"),
        ("It is wrong.", "the output cites 0 places, and at least 1 are wanted"),
        ('{"findings": [{"file": "src/other.py", "line": 1}]}', "0 of 1 cited place changed"),
        ('{"findings": [{"file": "src/retry.py", "line": 0}]}', "is not there"),
        ('{"findings": [{"line": 2}]}', "is in no file that the task supplies"),
    ],
)
def test_reviews_of_something_else(text: str, why: str, held: Any) -> None:
    verdict, evidence = told(held, "cites-changed-lines", text, REVIEW)
    assert verdict is Verdict.FAILED
    assert why in evidence


def test_what_may_be_cited_besides(held: Any) -> None:
    text = "src/retry.py:2 and src/retry.py:1."
    assert told(held, "cites-changed-lines", text, REVIEW, least_share=0.5)[0] is Verdict.PASSED
    assert told(held, "cites-changed-lines", text, REVIEW, slack=1)[0] is Verdict.PASSED
    assert told(held, "cites-changed-lines", "Line 2 waits; L5 too.", ALONE)[0] is Verdict.PASSED
    assert told(held, "cites-changed-lines", "Line 2 waits.", REVIEW)[0] is Verdict.FAILED
    assert told(held, "cites-changed-lines", '{"line": 2}', ALONE)[0] is Verdict.PASSED
    assert told(held, "cites-changed-lines", '{"findings": []}', REVIEW, least=1)[0] is Verdict.FAILED


@given(first=st.integers(1, 5), more=st.integers(0, 4))
def test_a_place_counts_where_it_touches_a_changed_line(first: int, more: int, held: Any) -> None:
    last = min(first + more, 5)
    verdict, _ = told(held, "cites-changed-lines", f"src/retry.py:{first}-{last}", REVIEW)
    assert (verdict is Verdict.PASSED) is bool({2, 5} & {*range(first, last + 1)})


@pytest.mark.parametrize("gate", ["citations-exist", "quotes-occur", "cites-changed-lines"])
def test_without_anything_to_hold_it_against_nothing_is_known(gate: str, held: Any) -> None:
    assert told(held, gate, "It is so [a].", NOTHING)[0] is Verdict.UNKNOWN
