"""A cluster is imported, and its contracts are provisioned onto one without a topic: nothing may differ."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic

from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.drift.kinds import DriftKind
from omni_assets.operations.context import Context
from omni_assets.operations.importing.cluster import Fate, Import, prepare, write
from omni_assets.operations.observe import drift
from omni_assets.operations.provision import provision

OUTSIDE = "payments"


def create(client: AdminClient, topics: Mapping[str, tuple[int, int, Mapping[str, str]]]) -> None:
    """Topics with their partitions, replicas and settings, and one whose name is outside the grammar."""
    wanted = {**topics, OUTSIDE: (2, 1, {})}
    new = [NewTopic(name, *numbers, config=dict(config)) for name, (*numbers, config) in wanted.items()]
    for future in client.create_topics(new).values():
        future.result(60)


def imported(context: Context) -> Import:
    """What was imported: everything was written, does not differ from where it comes from, and is not drafted again."""
    found = write(prepare(context))
    assert {each.fate for each in found.files} == {Fate.WRITTEN}
    assert {Path(each.path).parent.parent for each in found.files} == {Path(found.folder)}
    manifest = context.manifest()
    assert found.topics == len(manifest.topics) + 1
    rows = [(row.drift.topic, row.drift.kind, row.drift.field) for row in drift(context, manifest).rows]
    assert rows == [(OUTSIDE, DriftKind.ORPHANED, "")], rows
    assert prepare(context).files == ()
    return found


def provisioned_alike(context: Context, found: Import) -> None:
    """The broker of ``context`` has nothing yet; what was imported is there afterwards, as it was."""
    manifest = context.manifest()
    assert provision(context, manifest).counts["created"] == len(manifest.topics)
    report = drift(context, manifest)
    assert report.rows == (), report.rows
    assert _state(report.snapshot) == {name: state for name, state in _state(found.snapshot).items() if name != OUTSIDE}


def _state(snapshot: BrokerSnapshot) -> dict[str, object]:
    """Partitions, replicas and effective settings of each topic that is nobody's but the users'."""
    return {
        name: (topic.replicas, {key: each.value for key, each in (topic.configs or {}).items()})
        for name, topic in snapshot.topics.items()
        if not topic.internal
    }
