"""The table of metrics: everything that omni measures, by name. Pure.

Counters and histograms are told where it happens, by the process that does it. Gauges say how things stand, and are
read from the broker and the projection by whoever watches; what could not be seen is left out, never 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from omni_assets.telemetry import conventions as names


class Kind(StrEnum):
    """How the readings of a metric add up."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``unit`` is a code of UCUM, or a word in braces; ``attributes`` are those that its readings may have,
    each with few values; ``buckets`` the upper bounds of a histogram, in its unit.
    """

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: tuple[str, ...]
    buckets: tuple[float, ...] = ()

    @property
    def prometheus(self) -> str:
        """The name that Prometheus gives it, without the endings of a histogram's series.

        https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
        """
        ending = "" if self.unit.startswith("{") else _WORDS[self.unit]
        total = "total" if self.kind is Kind.COUNTER else ""
        return "_".join(filter(None, (_as_label(self.name), ending, total)))

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its series in Prometheus."""
        endings = ("_bucket", "_sum", "_count") if self.kind is Kind.HISTOGRAM else ("",)
        return tuple(f"{self.prometheus}{ending}" for ending in endings)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its attributes in Prometheus."""
        return tuple(_as_label(each) for each in self.attributes)


_WORDS: Mapping[str, str] = {"s": "seconds"}


def _as_label(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9]+", "_", name)


TASK_DURATION = Metric(
    "omni.task.duration",
    Kind.HISTOGRAM,
    "s",
    "From when a worker took a task to what came of it; the count is that of tasks by outcome",
    (names.NODE, names.OUTCOME),
    (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 30.0, 60.0, 300.0, 900.0),
)
ROUTED = Metric(
    "omni.routing.tasks",
    Kind.COUNTER,
    "{task}",
    "Tasks that the router ended, by outcome",
    (names.TASK_CLASS, names.OUTCOME),
)
SPEND = Metric(
    "omni.routing.spend",
    Kind.COUNTER,
    "{USD}",
    "What calls of models cost, in US dollars, audits included, as far as it is known",
    (names.TASK_CLASS, names.MODEL, names.LOCATION),
)
ESCALATIONS = Metric(
    "omni.routing.escalations",
    Kind.COUNTER,
    "{call}",
    "Calls of a further model, since no answer of those before counted",
    (names.TASK_CLASS,),
)
AUDITS = Metric(
    "omni.routing.audits",
    Kind.COUNTER,
    "{audit}",
    "Accepted answers that were held against the baseline's; those that do not agree are false accepts",
    (names.TASK_CLASS, names.AGREES),
)
MODEL_DURATION = Metric(
    names.GEN_AI_CLIENT_OPERATION_DURATION,
    Kind.HISTOGRAM,
    "s",
    "How long a call of a model took",
    (names.GEN_AI_OPERATION_NAME, names.GEN_AI_PROVIDER_NAME, names.GEN_AI_REQUEST_MODEL, names.ERROR_TYPE),
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
)
MODEL_TOKENS = Metric(
    names.GEN_AI_CLIENT_TOKEN_USAGE,
    Kind.HISTOGRAM,
    "{token}",
    "Tokens of a call of a model",
    (names.GEN_AI_OPERATION_NAME, names.GEN_AI_PROVIDER_NAME, names.GEN_AI_REQUEST_MODEL, names.GEN_AI_TOKEN_TYPE),
    tuple(4.0**power for power in range(14)),
)
DRIFT = Metric(
    "omni.drift",
    Kind.GAUGE,
    "{topic}",
    "Topics by verdict, as they were observed last",
    (names.VERDICT,),
)
DRIFT_AGE = Metric("omni.drift.age", Kind.GAUGE, "s", "How long ago topics were observed", ())
LAG = Metric(
    "omni.lag",
    Kind.GAUGE,
    "{record}",
    "At most how many records no worker of a node has ended; by topic where a project's nodes read few",
    (names.NODE, names.TOPIC),
)
WORKERS = Metric("omni.workers", Kind.GAUGE, "{worker}", "Members of a node's group", (names.NODE,))
DEAD_LETTERS = Metric(
    "omni.dead_letters",
    Kind.GAUGE,
    "{task}",
    "Tasks of the last 7 days that failed or are dead letters, and were not given again",
    (names.NODE,),
)
APPROVALS = Metric(
    "omni.approvals.waiting", Kind.GAUGE, "{question}", "Questions that wait for a person", (names.NODE,)
)
SPENT_TODAY = Metric(
    "omni.budget.spent",
    Kind.GAUGE,
    "{USD}",
    "What counts against the budget of today (UTC), in US dollars; of all tasks where the class is empty",
    (names.TASK_CLASS,),
)
BUDGET = Metric(
    "omni.budget.limit",
    Kind.GAUGE,
    "{USD}",
    "The budget of a day, in US dollars, where there is one",
    (names.TASK_CLASS,),
)

METRICS: tuple[Metric, ...] = (
    TASK_DURATION,
    ROUTED,
    SPEND,
    ESCALATIONS,
    AUDITS,
    MODEL_DURATION,
    MODEL_TOKENS,
    DRIFT,
    DRIFT_AGE,
    LAG,
    WORKERS,
    DEAD_LETTERS,
    APPROVALS,
    SPENT_TODAY,
    BUDGET,
)
"""All of them; exporters, rules and dashboards know no other."""
