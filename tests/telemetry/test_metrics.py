from __future__ import annotations

import re

from omni_assets.telemetry import conventions
from omni_assets.telemetry.metrics import METRICS, Kind


def test_names_are_distinct_also_in_prometheus():
    assert len({each.name for each in METRICS}) == len(METRICS)
    series = [name for each in METRICS for name in each.series]
    assert len(set(series)) == len(series)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in series)


def test_only_histograms_have_buckets_and_they_grow():
    for each in METRICS:
        assert bool(each.buckets) == (each.kind is Kind.HISTOGRAM), each.name
        assert sorted(set(each.buckets)) == list(each.buckets)


def test_prometheus_has_units_and_totals_in_names():
    names = {each.name: each.prometheus for each in METRICS}
    assert names["omni.task.duration"] == "omni_task_duration_seconds"
    assert names["omni.routing.spend"] == "omni_routing_spend_total"
    assert names["omni.drift.age"] == "omni_drift_age_seconds"
    assert names["omni.lag"] == "omni_lag"
    assert names["gen_ai.client.token.usage"] == "gen_ai_client_token_usage"


def test_the_conventions_are_those_of_opentelemetry():
    """Names that are not omni's own stand in the package that the conventions are generated into."""
    from opentelemetry.semconv import schemas
    from opentelemetry.semconv._incubating.attributes import (
        cicd_attributes,
        cloudevents_attributes,
        gen_ai_attributes,
        messaging_attributes,
        process_attributes,
    )
    from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
    from opentelemetry.semconv.attributes import error_attributes, server_attributes

    modules = (
        cicd_attributes,
        cloudevents_attributes,
        error_attributes,
        gen_ai_attributes,
        gen_ai_metrics,
        messaging_attributes,
        process_attributes,
        server_attributes,
    )
    known = {value for module in modules for value in vars(module).values() if isinstance(value, str)}
    ours = {value for name, value in vars(conventions).items() if name.isupper() and "." in value}
    foreign = {name for name in ours if not name.startswith("omni.")} - {conventions.SCHEMA_URL}
    assert len(foreign) > 20
    assert foreign <= known
    assert schemas.Schemas.V1_41_1.value == conventions.SCHEMA_URL
