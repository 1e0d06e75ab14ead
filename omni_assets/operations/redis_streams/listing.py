"""The streams of a Redis, and what is left behind in them."""

from __future__ import annotations

from dataclasses import dataclass

from omni_assets.contracts.model import Manifest
from omni_assets.operations.context import Context
from omni_assets.operations.redis_streams.leftovers import Leftover, leftovers
from omni_assets.operations.redis_streams.reading import Listing, RedisStreams


@dataclass(frozen=True, slots=True)
class StreamsReport:
    """What was found at ``address``, held against the contracts."""

    address: str
    listing: Listing
    leftovers: tuple[Leftover, ...]


def list_streams(context: Context, manifest: Manifest, redis: RedisStreams) -> StreamsReport:
    """Look at all streams of a database. Raises ``SettingsError`` and ``RedisError``."""
    listing = redis.listing()
    return StreamsReport(redis.address, listing, leftovers(listing.streams, manifest, context.grammar()))
