"""From a real broker to contracts and back: the embedded one, with real groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from omni_assets.errors import InputError
from omni_assets.operations.context import Context
from omni_assets.operations.importing import cluster, draft_files
from omni_assets.operations.importing.cluster import Fate, prepare, write
from tests.support.imported import create, imported, provisioned_alike

pytestmark = pytest.mark.broker

TOPICS = {
    "onex.evt.router.routing-complete.v1": (3, 1, {"retention.ms": "1209600000"}),
    "onex.evt.router.state-changed.v1": (1, 1, {"cleanup.policy": "compact", "max.message.bytes": "2097152"}),
    "onex.cmd.router.route-request.v2": (2, 1, {"retention.bytes": "1073741824"}),
    "onex.dlq.router.route-request.v1": (1, 1, {}),
    "onex.snapshot.pricer.price-list.v1": (1, 1, {}),
}


def test_what_is_imported_can_be_provisioned_elsewhere_and_does_not_differ(
    start_broker: Callable[..., Any], context_at: Callable[..., Context]
) -> None:
    there, empty = start_broker(), start_broker()
    create(there.client, TOPICS)
    found = imported(context_at(there.bootstrap_servers))
    provisioned_alike(context_at(empty.bootstrap_servers, "elsewhere"), found)


def test_what_no_file_can_hold_is_not_written(
    broker: Any, context_at: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    create(broker.client, TOPICS)
    context = context_at(broker.bootstrap_servers)
    monkeypatch.setattr(draft_files, "MOST_DECLARATIONS", 3)
    found = write(prepare(context))
    assert {each.draft.node: each.fate for each in found.files} == {
        "outside-the-grammar": Fate.WRITTEN,
        "pricer": Fate.WRITTEN,
        "router": Fate.TOO_LARGE,
    }
    assert not found.clean

    monkeypatch.setattr(cluster, "MOST_CONTRACTS", 0)
    with pytest.raises(InputError, match="1 node would have a contract, and 0 is the most"):
        prepare(context)


def test_a_folder_that_takes_no_file_is_a_sentence(broker: Any, context_at: Callable[..., Context]) -> None:
    create(broker.client, TOPICS)
    context = context_at(broker.bootstrap_servers)
    drafts = context.home.parent / "drafts"
    drafts.mkdir()
    (drafts / "pricer").write_text("a file", encoding="utf-8")
    found = prepare(context, str(drafts))
    with pytest.raises(InputError, match=r"the draft .*drafts/pricer/contract.yaml cannot be written: "):
        write(found)
    with pytest.raises(InputError, match="drafts/pricer is no folder"):
        prepare(context, str(drafts / "pricer"))
