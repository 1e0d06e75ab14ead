"""The settings of one topic, read from the YAML mapping that states them."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from omni_assets.contracts.document import Pairs, is_null, place
from omni_assets.contracts.findings import finding
from omni_assets.contracts.model import Finding, TopicSettings
from omni_assets.contracts.rules import BAD_SETTING, UNKNOWN_SETTING
from omni_assets.contracts.values import InvalidValue, flag, interval, normalise, positive, retention

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
_CONFIG_KEYS_IN_ORDER = tuple(sorted(CONFIG_KEYS))
_SPELLINGS = {key.replace(".", "_"): key for key in _CONFIG_KEYS_IN_ORDER}
_FIELDS = ("partitions", "replication_factor", "keyed", "expected_every", "config", "retention", "topic_config")
_SUGGESTIBLE = (*_FIELDS, *_CONFIG_KEYS_IN_ORDER, *sorted(_SPELLINGS))
_OFTEN_MEANT = {
    "cleanup": "cleanup.policy",
    "compact": "cleanup.policy: compact",
    "compacted": "cleanup.policy: compact",
    "compaction": "cleanup.policy: compact",
    "num_partitions": "partitions",
    "partition": "partitions",
    "partition_count": "partitions",
    "replicas": "replication_factor",
    "replication": "replication_factor",
    "retention_days": "retention: 7d",
    "retention_hours": "retention: 12h",
    "retention_minutes": "retention: 30min",
    "retention_seconds": "retention: 30s",
    "retention_time": "retention: 7d",
    "retention_size": "retention: 1GiB",
}
_LONGEST_KEY = 60
_WHOLE = {"partitions": 2**31 - 1, "replication_factor": 2**15 - 1}
_BOOLEAN = "tag:yaml.org,2002:bool"


def read_settings(
    path: str, node: MappingNode, topic: str, pairs_of: Callable[[MappingNode], Pairs]
) -> tuple[TopicSettings, list[Finding]]:
    """The settings that ``node`` states for ``topic``, and a finding for each that cannot be used.

    ``pairs_of`` gives the pairs of a mapping, merge keys resolved. Keys that are no setting (``description``,
    ``schema_ref``) are left alone, unless they are nearly one.
    """
    reading = _Reading(path, topic, pairs_of)
    reading.fields(node)
    settings = TopicSettings(
        reading.whole.get("partitions"),
        reading.whole.get("replication_factor"),
        reading.keyed,
        MappingProxyType(reading.config),
        reading.expected_every,
    )
    return settings, reading.findings


def plain_value(node: Node) -> object:
    """A node as plain data: text, ``True``/``False``, ``None``, or a list of those; a mapping is empty."""
    if isinstance(node, ScalarNode):
        if is_null(node):
            return None
        return node.value.lower() in ("true", "yes", "on") if node.tag == _BOOLEAN else node.value
    if isinstance(node, SequenceNode):
        return [plain_value(item) if isinstance(item, ScalarNode) else "" for item in node.value]
    return {}


class _Reading:
    """The settings of one topic while they are read."""

    def __init__(self, path: str, topic: str, pairs_of: Callable[[MappingNode], Pairs]) -> None:
        self.path = path
        self.topic = topic
        self.pairs_of = pairs_of
        self.whole: dict[str, int] = {}
        self.keyed: bool | None = None
        self.expected_every: int | None = None
        self.config: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.under_topic_config = False

    def fields(self, node: MappingNode) -> None:
        for key_node, value in self.pairs_of(node):
            if not isinstance(key_node, ScalarNode):
                continue
            key = key_node.value
            try:
                self._field(key, key_node, value)
            except InvalidValue as reason:
                self._bad(key, value, reason)

    def _field(self, key: str, key_node: Node, value: Node) -> None:
        if key in _WHOLE:
            whole = positive(_stated(value), _WHOLE[key])
            _agree(key, self.whole.setdefault(key, whole), whole)
        elif key == "keyed":
            keyed = flag(_stated(value)) == "true"
            _agree(key, self.keyed if self.keyed is not None else keyed, keyed)
            self.keyed = keyed
        elif key == "expected_every":
            every = interval(_stated(value))
            _agree(key, every if self.expected_every is None else self.expected_every, every)
            self.expected_every = every
        elif key == "retention" or key in CONFIG_KEYS or key in _SPELLINGS:
            self._config_key(key, value)
        elif key == "config":
            self._config(value)
        elif key == "topic_config" and self.under_topic_config:
            self._unknown(key, key_node, "")  # and a mapping that holds itself would be read without end
        elif key == "topic_config":
            self._topic_config(value)
        elif close := "config" if self._holds_settings(value) else _nearly(key):
            self._unknown(key, key_node, close)

    def _topic_config(self, node: Node) -> None:
        """Settings under a key of their own: what stands there and is none is reported, whatever it is."""
        if is_null(node):
            return
        if not isinstance(node, MappingNode):
            raise InvalidValue("it is not a mapping of settings")
        self.under_topic_config = True
        self.fields(node)
        self.under_topic_config = False
        for key_node, value in self.pairs_of(node):
            known = is_setting(key_node.value) or self._holds_settings(value)
            if isinstance(key_node, ScalarNode) and not known and not _nearly(key_node.value):
                self._unknown(key_node.value, key_node, "")

    def _holds_settings(self, node: Node) -> bool:
        """Whether a mapping that no form reads holds keys that are settings."""
        return isinstance(node, MappingNode) and any(is_setting(key.value) for key, _ in self.pairs_of(node))

    def _config(self, node: Node) -> None:
        if is_null(node):
            return
        if not isinstance(node, MappingNode):
            raise InvalidValue("it is not a mapping of configuration keys")
        for key_node, value in self.pairs_of(node):
            if not isinstance(key_node, ScalarNode):
                continue
            key = key_node.value
            known = key == "retention" or _SPELLINGS.get(key, key) in CONFIG_KEYS
            if not known and not key.startswith(_VENDOR_PREFIXES):
                self._unknown(key, key_node, _nearly_config(key))
            try:
                self._config_key(key, value)
            except InvalidValue as reason:
                self._bad(key, value, reason)

    def _config_key(self, key: str, value: Node) -> None:
        if key == "retention":
            name, text = retention(_stated(value))
        else:
            name = _SPELLINGS.get(key, key)
            text = normalise(name, plain_value(value))
        _agree(name, self.config.setdefault(name, text), text)

    def _bad(self, key: str, node: Node, reason: InvalidValue) -> None:
        self.findings.append(
            finding(
                BAD_SETTING,
                f"the setting `{_short(key)}` of `{self.topic}` cannot be used: {reason}.",
                place(self.path, node),
                topic=self.topic,
                fix="mend the value, or remove the key",
            )
        )

    def _unknown(self, key: str, node: Node, close: str) -> None:
        self.findings.append(
            finding(
                UNKNOWN_SETTING,
                f"the setting `{_short(key)}` of `{self.topic}` is none that a broker knows.",
                place(self.path, node),
                topic=self.topic,
                fix=f"write `{close}`" if close else "remove it, or check its spelling",
            )
        )


def is_setting(key: object) -> bool:
    """Whether a key of a mapping states a setting of its topic."""
    return isinstance(key, str) and (key in _FIELDS or key in CONFIG_KEYS or key in _SPELLINGS)


@lru_cache(maxsize=1024)
def _nearly(key: str) -> str:
    """What stands beside a topic and is nearly a setting was meant as one."""
    return _closest(key, _SUGGESTIBLE, 0.85)


@lru_cache(maxsize=1024)
def _nearly_config(key: str) -> str:
    return _closest(key, _CONFIG_KEYS_IN_ORDER, 0.75)


def _closest(key: str, known: tuple[str, ...], likeness: float) -> str:
    if len(key) > _LONGEST_KEY:
        return ""
    return _OFTEN_MEANT.get(key) or next(iter(get_close_matches(key, known, 1, likeness)), "")


def _agree(key: str, first: object, second: object) -> None:
    if first != second:
        raise InvalidValue(f"{key} is stated twice here, with different values")


def _stated(node: Node) -> object:
    value = plain_value(node)
    if value is None:
        raise InvalidValue("it is empty")
    return value


def _short(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}…"
