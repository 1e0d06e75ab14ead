"""The settings of one topic, read from the YAML mapping that states them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from types import MappingProxyType

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.document import place
from omni_assets.contracts.findings import BAD_SETTING, UNKNOWN_SETTING, finding
from omni_assets.contracts.model import Finding, TopicSettings
from omni_assets.contracts.values import InvalidValue, duration, flag, normalise, positive, size

CONFIG_KEYS = frozenset(
    {
        "cleanup.policy", "compression.type", "compression.gzip.level", "compression.lz4.level",
        "compression.zstd.level", "confluent.value.schema.validation", "delete.retention.ms", "file.delete.delay.ms",
        "flush.messages", "flush.ms", "follower.replication.throttled.replicas", "index.interval.bytes",
        "initial.retention.local.target.bytes", "initial.retention.local.target.ms",
        "leader.replication.throttled.replicas", "local.retention.bytes", "local.retention.ms",
        "max.compaction.lag.ms", "max.message.bytes", "message.timestamp.after.max.ms",
        "message.timestamp.before.max.ms", "message.timestamp.type", "min.cleanable.dirty.ratio",
        "min.compaction.lag.ms", "min.insync.replicas", "preallocate", "remote.storage.enable", "retention.bytes",
        "retention.local.target.bytes", "retention.local.target.ms", "retention.ms", "segment.bytes",
        "segment.index.bytes", "segment.jitter.ms", "segment.ms", "tombstone.retention.ms",
        "unclean.leader.election.enable", "write.caching",
    }
)  # fmt: skip
"""Topic configuration keys of Apache Kafka 4 and Redpanda 26 (their reference documentation)."""

_VENDOR_PREFIXES = ("redpanda.", "confluent.")
_SPELLINGS = {key.replace(".", "_"): key for key in CONFIG_KEYS}
_FIELDS = ("partitions", "replication_factor", "keyed", "config", "retention")
_SUGGESTIBLE = (*_FIELDS, *CONFIG_KEYS, *_SPELLINGS)
_BOOLEAN = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"


def read_settings(path: str, node: MappingNode, topic: str) -> tuple[TopicSettings, list[Finding]]:
    """The settings that ``node`` states for ``topic``, and a finding for each that cannot be used.

    Keys that are no setting (``description``, ``schema_ref``) are left alone, unless they are nearly one.
    """
    whole: dict[str, int] = {}
    keyed: bool | None = None
    config: dict[str, str] = {}
    findings: list[Finding] = []
    for key, value in _pairs(node):
        try:
            if key in ("partitions", "replication_factor"):
                whole[key] = positive(plain_value(value))
            elif key == "keyed":
                keyed = flag(plain_value(value)) == "true"
            elif key == "retention":
                config.update([_retention(plain_value(value))])
            elif key in CONFIG_KEYS or key in _SPELLINGS:
                name = _SPELLINGS.get(key, key)
                config[name] = normalise(name, plain_value(value))
            elif key == "config":
                nested, more = _read_config(path, value, topic)
                config.update(nested)
                findings += more
            elif close := get_close_matches(key, _SUGGESTIBLE, 1, 0.85):
                findings.append(_unknown(path, value, topic, key, close[0]))
        except InvalidValue as reason:
            findings.append(_bad(path, value, topic, key, reason))
    settings = TopicSettings(whole.get("partitions"), whole.get("replication_factor"), keyed, MappingProxyType(config))
    return settings, findings


def plain_value(node: Node) -> object:
    """A node as plain data: text, ``True``/``False``, ``None``, or a list of those; a mapping stays a mapping."""
    if isinstance(node, ScalarNode):
        if node.tag == _NULL:
            return None
        return node.value.lower() in ("true", "yes", "on") if node.tag == _BOOLEAN else node.value
    if isinstance(node, SequenceNode):
        return [plain_value(item) for item in node.value]
    return {}


def _read_config(path: str, node: Node, topic: str) -> tuple[dict[str, str], list[Finding]]:
    config: dict[str, str] = {}
    findings: list[Finding] = []
    if not isinstance(node, MappingNode):
        raise InvalidValue("it is not a mapping of configuration keys")
    for key, value in _pairs(node):
        if key not in CONFIG_KEYS and not key.startswith(_VENDOR_PREFIXES):
            close = get_close_matches(_SPELLINGS.get(key, key), CONFIG_KEYS, 1, 0.75)
            findings.append(_unknown(path, value, topic, key, close[0] if close else ""))
        try:
            config[key] = normalise(key, plain_value(value))
        except InvalidValue as reason:
            findings.append(_bad(path, value, topic, key, reason))
    return config, findings


def _retention(value: object) -> tuple[str, str]:
    try:
        return "retention.ms", duration(value)
    except InvalidValue:
        return "retention.bytes", size(value)


def _pairs(node: MappingNode) -> Iterator[tuple[str, Node]]:
    return ((key.value, value) for key, value in node.value if isinstance(key, ScalarNode))


def _bad(path: str, node: Node, topic: str, key: str, reason: InvalidValue) -> Finding:
    return finding(
        BAD_SETTING, f"the setting `{key}` of `{topic}` cannot be used: {reason}.", place(path, node), topic=topic
    )


def _unknown(path: str, node: Node, topic: str, key: str, close: str) -> Finding:
    return finding(
        UNKNOWN_SETTING,
        f"the setting `{key}` of `{topic}` is none that a broker knows.",
        place(path, node),
        topic=topic,
        fix=f"write `{close}`" if close else "remove it, or check its spelling",
    )
