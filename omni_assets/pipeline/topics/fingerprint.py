"""A fingerprint of what is declared, so that a change of it is seen. Pure.

The digest of a manifest speaks of the contracts' bytes alone; defaults, limits and grammar make other topics of them.
"""

from __future__ import annotations

import json
from hashlib import sha256

from omni_assets.contracts.model import Manifest, Topic

FINGERPRINT = "fingerprint"
"""The name of the metadata that holds the fingerprint of what drift was computed for."""

_LENGTH = 32  # in a tag of a run, where 63 characters are the most


def fingerprint(manifest: Manifest) -> str:
    """Hex over the contracts' bytes and every topic's spec, whatever the order of its config keys."""
    stated = [manifest.digest, [_stated(topic) for topic in manifest.topics.values()]]
    return sha256(json.dumps(stated).encode()).hexdigest()[:_LENGTH]


def _stated(topic: Topic) -> list[object]:
    spec = topic.spec
    settings = [spec.partitions, spec.replication_factor, spec.keyed, sorted(spec.config.items())]
    return [topic.name, *settings, topic.blocked]
