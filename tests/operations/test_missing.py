"""Which declared topics a broker lacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omni_assets.errors import BrokerUnreachable
from omni_assets.operations.context import Context
from omni_assets.operations.missing import missing_topics
from omni_assets.operations.provision import provision

TOPICS = """\
event_bus:
  publish_topics:
    - onex.evt.router.routing-complete.v1
    - topic: onex.evt.router.routing-failed.v1
      partitions: none
"""


@pytest.mark.broker
def test_what_is_declared_and_not_listed_is_missing(
    context_of: Callable[..., Context], write_contract: Callable[..., Path], broker: Any
) -> None:
    write_contract(TOPICS)
    context = context_of(broker.bootstrap_servers)
    manifest = context.manifest()
    # The second is blocked by its bad setting: nothing may create it, so nothing waits for it.
    assert missing_topics(context, manifest, 5.0) == ("onex.evt.router.routing-complete.v1",)
    provision(context, manifest)
    assert missing_topics(context, manifest, 5.0) == ()


def test_a_broker_that_is_down_is_an_error(
    context_of: Callable[..., Context], write_contract: Callable[..., Path]
) -> None:
    write_contract(TOPICS)
    context = context_of("127.0.0.1:1")
    with pytest.raises(BrokerUnreachable, match="tried for 1 s"):
        missing_topics(context, context.manifest(), 1.0)
