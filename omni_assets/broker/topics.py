"""What is asked of a broker about one topic, and what it answers when it says no. Pure; imports no client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PROBE_PREFIX = "__omni_probe."
"""How the throw-away topics begin by which a broker's capabilities are learnt: internal, so never drift."""

_INTERNAL_NAMES = frozenset({"_schemas"})
_INTERNAL_PREFIXES = ("__", "_redpanda.", "_confluent-")


@dataclass(frozen=True, slots=True)
class NewTopicRequest:
    """A topic to create. ``None`` leaves partitions or replication factor to the broker; config values are text."""

    name: str
    partitions: int | None = None
    replication_factor: int | None = None
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """What to change about one topic's configs: keys to ``set`` to a value as text, and keys to ``clear``.

    A cleared key loses the topic's own value, so that the broker's settings hold again.
    """

    set: Mapping[str, str] = field(default_factory=dict)
    clear: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.set or self.clear)


@dataclass(frozen=True, slots=True)
class TopicError:
    """Why a broker did not do, or did not show, something about one topic.

    ``code`` is Kafka's name of the error, or ``INTERNAL_TOPIC``, ``message`` a clause without a full stop,
    ``transient`` whether trying again can help.
    """

    code: str
    message: str
    transient: bool = False

    @property
    def existed(self) -> bool:
        """Whether a topic was not created because it was there before."""
        return self.code == "TOPIC_ALREADY_EXISTS"

    @property
    def absent(self) -> bool:
        """Whether the broker's answer was that there is no such topic. Nothing else makes a topic missing."""
        return self.code == "UNKNOWN_TOPIC_OR_PART"

    @property
    def silent(self) -> bool:
        """Whether nothing was answered at all."""
        return self.code in _SILENT

    @property
    def undecided(self) -> bool:
        """Whether a change may have been made all the same: it was asked for, and nobody said what became of it."""
        return self.code in _UNDECIDED

    def __str__(self) -> str:
        return self.message


NEVER_ASKED = "_NOT_ASKED"
"""The code of what was not sent any more, since the broker had stopped answering."""

_UNANSWERED = frozenset({"_TIMED_OUT", "_TIMED_OUT_QUEUE", "_TRANSPORT", "_ALL_BROKERS_DOWN", "_RESOLVE", "_DESTROY"})
_SILENT = _UNANSWERED | {NEVER_ASKED}
# The broker's own word that it did not come to an end in time: the change goes on without whoever asked for it.
_UNDECIDED = _UNANSWERED | {"REQUEST_TIMED_OUT"}


def is_internal(name: str) -> bool:
    """Whether a name belongs to the broker itself. Redpanda's metadata marks only ``__consumer_offsets``."""
    return name in _INTERNAL_NAMES or name.startswith(_INTERNAL_PREFIXES)


def impossible_name(name: str) -> TopicError | None:
    """Why a name cannot even be sent: the client would refuse a whole batch for it, or cut it off."""
    return TopicError("TOPIC_EXCEPTION", "name not accepted") if not name or "\0" in name else None
