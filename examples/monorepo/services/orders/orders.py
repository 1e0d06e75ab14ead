"""Tells everybody that an order was placed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from shop.topics import Topic

Produce = Callable[[str, bytes, bytes], None]


def place(order: Mapping[str, str], produce: Produce) -> None:
    """Publish the event, by the id of the order."""
    produce(Topic.EVT_ORDERS_ORDER_PLACED_V1, order["id"].encode(), json.dumps(dict(order)).encode())
