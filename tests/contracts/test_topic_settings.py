"""The settings of a topic as a contract states them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from yaml.nodes import MappingNode

from omni_assets.contracts import Contract, Finding, TopicSettings
from omni_assets.contracts.topic_settings import read_settings

TOPIC = "onex.evt.router.done.v1"


def settings_of(text: str) -> tuple[TopicSettings, list[Finding]]:
    node = yaml.compose(text, yaml.CSafeLoader)
    assert isinstance(node, MappingNode)
    return read_settings("contract.yaml", node, TOPIC, lambda mapping: mapping.value)


def test_every_field() -> None:
    settings, findings = settings_of(
        "partitions: 6\nreplication_factor: 3\nkeyed: yes\nexpected_every: 15min\n"
        "config:\n  retention.ms: 7d\n  cleanup.policy: [delete, compact]\n"
    )
    assert findings == []
    assert (settings.partitions, settings.replication_factor, settings.keyed) == (6, 3, True)
    assert settings.expected_every == 900_000
    assert settings.config == {"retention.ms": "604800000", "cleanup.policy": "compact,delete"}
    assert settings


def test_nothing_stated_is_nothing() -> None:
    settings, findings = settings_of("topic: x\ndescription: partitions are nice\nschema_ref: a/b\nconfig:\n")
    assert not settings
    assert findings == []


@pytest.mark.parametrize(
    "text",
    [
        "retention: 7d",
        "retention_ms: 7d",
        "retention.ms: 604800000",
        "config: {retention: 7d}",
        "config: {retention_ms: 7d}",
        "config: {retention.ms: 7 days}",
        "retention: 7d\nconfig: {retention.ms: 604800000}",
    ],
)
def test_one_retention_in_every_spelling(text: str) -> None:
    settings, findings = settings_of(text)
    assert findings == []
    assert settings.config == {"retention.ms": "604800000"}


def test_retention_in_bytes() -> None:
    assert settings_of("retention: 1GiB")[0].config == {"retention.bytes": "1073741824"}


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        (
            "partitions: 0",
            1,
            13,
            "of `{}` cannot be used: `0` is not a whole number from 1 to 2147483647.",
        ),
        ("partitions: three", 1, 13, "cannot be used: `three` is not a whole number"),
        ("partitions: [3]", 1, 13, "cannot be used: `3` is not a whole number"),
        ("partitions:", 1, 12, "cannot be used: it is empty."),
        ("replication_factor: 40000", 1, 21, "is not a whole number from 1 to 32767."),
        ("keyed: maybe", 1, 8, "`maybe` is neither true nor false."),
        ("keyed: ", 1, 7, "it is empty."),
        ("retention: 7", 1, 12, "`7` has no unit, and would be milliseconds; write 7d, 12h or 1GiB."),
        ("retention: soon", 1, 12, "`soon` is not a duration such as 7d, or a size such as 1GiB."),
        ("config: 7d", 1, 9, "`config` of `{}` cannot be used: it is not a mapping of configuration keys."),
        (
            "config:\n  retention.ms: {a: 1}",
            2,
            17,
            "`retention.ms` of `{}` cannot be used: a mapping is not",
        ),
        ("config:\n  cleanup.policy: compactt", 2, 19, "`compactt` is none of delete, compact and compact,delete."),
        ("retention: 7d\nretention.ms: 1d", 2, 15, "retention.ms is stated twice here, with different values."),
        ("partitions: 3\npartitions: 6", 2, 13, "partitions is stated twice here, with different values."),
        ("expected_every: 900000", 1, 17, "`900000` is not a duration with a unit, such as 15min or 1d."),
        ("expected_every: 0s", 1, 17, "`0s` is not a duration with a unit, such as 15min or 1d."),
        ("expected_every: unlimited", 1, 17, "`unlimited` is not a duration with a unit, such as 15min or 1d."),
        (
            "expected_every: 1h\nexpected_every: 2h",
            2,
            17,
            "expected_every is stated twice here, with different values.",
        ),
        ("keyed: true\nkeyed: false", 2, 8, "keyed is stated twice here, with different values."),
    ],
)
def test_what_cannot_be_used_is_an_error_at_its_value(text: str, line: int, column: int, message: str) -> None:
    _, (finding,) = settings_of(text)
    assert finding.rule.name == "bad-setting"
    assert finding.severity == "error"
    assert finding.topic == TOPIC
    assert (finding.location.line, finding.location.column) == (line, column)
    assert message.format(TOPIC) in finding.message
    assert finding.fix


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("partitons: 3", "partitions"),
        ("num_partitions: 3", "partitions"),
        ("replicas: 3", "replication_factor"),
        ("retention_days: 7", "retention: 7d"),
        ("config: {retenton.ms: 7d}", "retention.ms"),
        ("config: {cleanup-policy: compact}", "cleanup.policy"),
    ],
)
def test_what_is_nearly_a_setting_is_a_warning_that_names_it(text: str, meant: str) -> None:
    _, (finding,) = settings_of(text)
    assert (finding.rule.name, finding.severity) == ("unknown-setting", "warning")
    assert finding.fix == f"write `{meant}`"


def test_an_unknown_key_under_config_is_kept_for_the_broker_to_judge() -> None:
    settings, (finding,) = settings_of("config: {acme.colour: blue}")
    assert settings.config == {"acme.colour": "blue"}
    assert finding.fix == "remove it, or check its spelling"


def test_vendor_keys_are_known() -> None:
    settings, findings = settings_of("config: {redpanda.remote.read: true}")
    assert findings == []
    assert settings.config == {"redpanda.remote.read": "true"}


def test_odd_keys_and_long_ones_do_no_harm() -> None:
    settings, findings = settings_of(
        f"? [a]\n: 1\n1: 2\n{'x' * 900}: 1\nconfig:\n  ? {{a: b}}\n  : 1\n  {'y' * 900}: 1\n"
    )
    assert dict(settings.config) == {"y" * 900: "1"}
    assert [len(each.message) < 200 for each in findings] == [True]


def test_keys_in_merged_mappings_count(read: Callable[..., Contract]) -> None:
    contract = read(
        "x: &long {partitions: 3, config: {retention.ms: 90d}}\n"
        "event_bus:\n  publish_topics:\n"
        "    - <<: *long\n      topic: onex.evt.router.done.v1\n      partitions: 6\n"
    )
    assert contract.findings == ()
    (declaration,) = contract.declarations
    assert declaration.settings.partitions == 6
    assert declaration.settings.config == {"retention.ms": "7776000000"}
