"""The sensor ``agent_inbox``: where records wait for nodes that have handlers, it asks for a run that works on them.

It is bounded in time. A broker that is down or that nobody named, or contracts that cannot be read, are a skipped tick
that says so.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from omni_assets.contracts.text import count
from omni_assets.errors import OmniError
from omni_assets.operations.agents.lag import Lag, lag
from omni_assets.operations.agents.node_groups import NodeGroup, node_groups
from omni_assets.operations.context import BrokerOrigin
from omni_assets.pipeline.agents.drain import drain_config
from omni_assets.pipeline.agents.runs import AGENT_TASKS, GroupRuns, group_tags, runs_of
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.run_processes import BEREFT
from omni_assets.pipeline.topics.jobs import BECAUSE
from omni_assets.pipeline.topics.sensors import UNNAMED

INBOX_INTERVAL = 5
"""Least seconds between two looks at what waits."""

INBOX_SECONDS = 5.0
"""Most seconds that one request of a look may take."""


@dg.sensor(
    job_name=AGENT_TASKS,
    minimum_interval_seconds=INBOX_INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Looks whether anything waits on the topics that nodes with handlers subscribe, and asks for a run "
    "that works on it: one at a time for each group of nodes, or as many as `agents.slots` says while more partitions "
    "wait than runs work. After a run that failed it waits for a minute, then ever longer, up to an hour.",
)
def agent_inbox(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
    try:
        where = project.context()
        if where.origin is BrokerOrigin.ASSUMED:
            return dg.SensorResult(skip_reason=UNNAMED)
        if where.connection.read_only:
            return dg.SensorResult(skip_reason="OMNI_READONLY=1 forbids every write, so nothing is worked on.")
        groups = node_groups(where.manifest(), where.settings.agents)
        if not groups:
            return dg.SensorResult(skip_reason="no contract names a handler, so there is nothing to work for.")
        found = lag(where, [each for group in groups for each in group.staff], INBOX_SECONDS)
    except OmniError as error:
        return dg.SensorResult(skip_reason=str(error))
    requests, reasons = [], []
    for group in groups:
        runs = _settled(context.instance, group)
        why_not = _why_not(group, found, runs, where.settings.agents.slots)
        if why_not:
            reasons.append(f"{group.name}: {why_not}" if len(groups) > 1 else why_not)
        else:
            requests.append(_request(group, runs.free_slot))
    return dg.SensorResult(requests, skip_reason=None if requests else " ".join(reasons))


def _settled(instance: dg.DagsterInstance, group: NodeGroup) -> GroupRuns:
    """The runs of a group, those whose process was killed among the failed ones: no other process would say so."""
    runs = runs_of(instance, group.name)
    for run in runs.bereft:
        instance.report_run_failed(run, BEREFT)
    return runs_of(instance, group.name) if runs.bereft else runs


def _why_not(group: NodeGroup, found: Lag, runs: GroupRuns, slots: int) -> str:
    """Why no run is asked for, as a sentence; empty where one is due."""
    waiting = len(found.partitions(group.nodes))
    missing = sorted(found.missing & {topic for each in group.staff for topic in each.topics})
    if missing:
        return f"{_named(missing)} not at the broker, so nothing is worked on."
    if not waiting:
        return "nothing waits."
    if len(runs.active) >= min(slots, waiting):
        return f"{count(waiting, 'partition')} with tasks, on which {_named(sorted(runs.active.values()))} at work."
    if time.time() < runs.failures.next_at and runs.failures.times:
        again = f", as did {runs.failures.times - 1} before it" if runs.failures.times > 1 else ""
        after = datetime.fromtimestamp(runs.failures.next_at, UTC)
        return f"run {runs.last_failed} failed{again}; the next one comes after {after:%H:%M:%S} UTC."
    return ""


def _request(group: NodeGroup, slot: int) -> dg.RunRequest:
    # No run key: what waits may look the same again, and is to be worked on again.
    return dg.RunRequest(
        run_config=drain_config(group.nodes, slot), tags={BECAUSE: "agent_inbox", **group_tags([group.name], slot)}
    )


def _named(things: Sequence[str]) -> str:
    shown = ", ".join(things[:_NAMED_IN_A_SENTENCE])
    more = len(things) - _NAMED_IN_A_SENTENCE
    return f"{shown}{f' and {more:,} more' if more > 0 else ''} {'is' if len(things) == 1 else 'are'}"


_NAMED_IN_A_SENTENCE = 3
