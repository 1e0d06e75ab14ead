"""The tasks of the demo's second chapter: what agents ask of models all day, and answers that can be checked.

Some a small model can do, others it cannot. Each may go to the cloud, where a key for it is in the environment.
"""

from __future__ import annotations

from omni_assets.router.task import Constraints, Source, Task

OUTPUT_TOKENS = 96
"""Most tokens of an answer: a model that talks on and on is caught, and the demo ends in time."""

_CONSTRAINTS = Constraints(cloud=True, max_output_tokens=OUTPUT_TOKENS)


def _summary(name: str, text: str) -> Task:
    return Task(id=name, task_class="summarization", inputs={"text": text}, constraints=_CONSTRAINTS)


def _label(name: str, text: str, *labels: str) -> Task:
    return Task(
        id=name,
        task_class="classification",
        inputs={"labels": ", ".join(labels), "text": text},
        output_schema={"type": "object", "properties": {"label": {"enum": [*labels]}}, "required": ["label"]},
        constraints=_CONSTRAINTS,
    )


def _code(name: str, request: str, signature: str, tests: str) -> Task:
    return Task(
        id=name,
        task_class="code-generation",
        inputs={"request": request},
        signature=signature,
        tests=tests,
        constraints=_CONSTRAINTS,
    )


RIGHT_LABELS = {"label-mail": "spam", "label-log": "error", "label-ticket": "urgent"}
"""What a person would say. No gate knows."""

TASKS: tuple[Task, ...] = (
    _summary(
        "incident-summary",
        "On Tuesday at 09:12 the payment service stopped accepting cards. An expired certificate on the gateway was "
        "the cause. The team replaced the certificate at 09:58, and payments worked again two minutes later. 312 "
        "orders failed in between, and all of the customers were told by mail. Certificates are now watched, and a "
        "warning comes 30 days before one expires.",
    ),
    _code(
        "write-add",
        "Write a function that returns the sum of two numbers.",
        "def add(a, b):",
        """
from answer import add


def test_sum():
    assert add(2, 3) == 5
    assert add(-1, 1) == 0
""",
    ),
    _code(
        "write-is-even",
        "Write a function that says whether a whole number is even.",
        "def is_even(number):",
        """
from answer import is_even


def test_even_and_odd():
    assert is_even(0) is True
    assert is_even(7) is False
""",
    ),
    _code(
        "write-reverse",
        "Write a function that returns a text backwards.",
        "def reverse(text):",
        """
from answer import reverse


def test_backwards():
    assert reverse("abc") == "cba"
    assert reverse("") == ""
""",
    ),
    _code(
        "write-maximum",
        "Write a function that returns the largest number of a list, and None for an empty list.",
        "def maximum(numbers):",
        """
from answer import maximum


def test_largest():
    assert maximum([3, 9, 2]) == 9


def test_nothing():
    assert maximum([]) is None
""",
    ),
    _code(
        "write-to-celsius",
        "Write a function that converts degrees Fahrenheit to degrees Celsius.",
        "def to_celsius(fahrenheit):",
        """
import pytest
from answer import to_celsius


def test_degrees():
    assert to_celsius(32) == pytest.approx(0)
    assert to_celsius(212) == pytest.approx(100)
""",
    ),
    _code(
        "write-unique",
        "Write a function that removes duplicates from a list and keeps the order in which the items came first.",
        "def unique(items):",
        """
from answer import unique


def test_order():
    assert unique([3, 1, 3, 2, 1]) == [3, 1, 2]
""",
    ),
    _label("label-mail", "WIN a free cruise! Click this link now and claim your prize!", "spam", "no-spam"),
    _label("label-log", "connection to the database refused after 5 attempts, giving up", "info", "warning", "error"),
    _label("label-ticket", "Production is down and customers cannot log in.", "urgent", "can-wait"),
    Task(
        id="verify-latency",
        task_class="acceptance-verification",
        inputs={"criterion": "The login page answers within one second."},
        sources=(
            Source(id="load-test.txt", text="GET /login 200 requests, median 312 ms, slowest 871 ms, no errors\n"),
        ),
        constraints=_CONSTRAINTS,
    ),
    Task(
        id="plan-migration",
        task_class="planning",
        inputs={"goal": "Move the nightly report from cron to Dagster."},
        constraints=_CONSTRAINTS,
    ),
)
