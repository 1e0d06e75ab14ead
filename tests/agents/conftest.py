from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from confluent_kafka.admin import NewTopic

_NAMES = itertools.count()


@pytest.fixture
def topics(module_broker) -> Callable[..., tuple[str, ...]]:
    """Makes topics that no other test has."""

    def make(*names: str, partitions: int = 3, config: dict[str, str] | None = None) -> tuple[str, ...]:
        number = next(_NAMES)
        made = [f"onex.evt.t{number}.{name}.v1" for name in names]
        futures = module_broker.client.create_topics(
            [NewTopic(each, partitions, 1, config=config or {}) for each in made]
        )
        for future in futures.values():
            future.result()
        return tuple(made)

    return make
