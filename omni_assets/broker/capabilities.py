"""What a broker honours, as far as ``broker.probing`` learnt it. Pure; imports no client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one broker version of one cluster does with what it is asked.

    ``no_effect_keys`` are the config keys that it takes without an error and that then read as if nothing had been
    set; ``rejected_keys`` those that it refuses. A key in neither was honoured, or was not tried. A capability is
    ``None`` where it is not known. ``probed_at`` is ``None`` and ``unknown`` says why, as a clause, where nothing was
    probed. ``version`` is ``fingerprint`` of the keys that the broker reports: the protocol does not tell a version.
    """

    cluster_id: str
    version: str = ""
    probed_at: datetime | None = None
    no_effect_keys: frozenset[str] = frozenset()
    rejected_keys: frozenset[str] = frozenset()
    topic_ids: bool | None = None
    replication_by_config: bool | None = None
    max_timestamp: bool | None = None
    unknown: str = ""

    @property
    def probed(self) -> bool:
        """Whether the broker was probed."""
        return self.probed_at is not None

    def document(self) -> dict[str, Any]:
        """Everything as JSON values, for ``from_document``."""
        return {
            "cluster_id": self.cluster_id,
            "version": self.version,
            "probed_at": self.probed_at and self.probed_at.isoformat(),
            "no_effect_keys": sorted(self.no_effect_keys),
            "rejected_keys": sorted(self.rejected_keys),
            "topic_ids": self.topic_ids,
            "replication_by_config": self.replication_by_config,
            "max_timestamp": self.max_timestamp,
            "unknown": self.unknown,
        }


def from_document(document: Mapping[str, Any]) -> Capabilities:
    """Capabilities as ``document`` wrote them. Raises ``ValueError`` where it did not."""
    try:
        probed_at = document["probed_at"]
        return Capabilities(
            cluster_id=str(document["cluster_id"]),
            version=str(document["version"]),
            probed_at=None if probed_at is None else datetime.fromisoformat(probed_at),
            no_effect_keys=frozenset(map(str, document["no_effect_keys"])),
            rejected_keys=frozenset(map(str, document["rejected_keys"])),
            topic_ids=_truth(document["topic_ids"]),
            replication_by_config=_truth(document["replication_by_config"]),
            max_timestamp=_truth(document["max_timestamp"]),
            unknown=str(document["unknown"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not what a broker's capabilities are written as: {error}") from None


def fingerprint(config_keys: Iterable[str]) -> str:
    """What tells versions of a broker apart: the set of topic config keys that it reports changes with them."""
    return "keys-" + sha256("\n".join(sorted(set(config_keys))).encode()).hexdigest()[:12]


def _truth(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise TypeError(f"{value!r} is neither true, false nor null")
