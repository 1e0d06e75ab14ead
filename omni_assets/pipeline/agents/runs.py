"""The drain runs of a node group: which go on, in which slots, and how the last ones ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, takewhile

import dagster as dg

from omni_assets.pipeline.run_processes import is_bereft
from omni_assets.pipeline.topics.attempts import Attempt
from omni_assets.pipeline.topics.jobs import UNFINISHED

AGENT_TASKS = "agent_tasks"

LONGEST_RUN = timedelta(hours=1)
"""After this long a run that has not ended no longer counts: whatever ran it may have been killed."""

_MOST_RUNS = 200
_GROUPS, _SLOT = "omni.agents", "omni/slot"
_WORKS, _WORKED = "works", "worked"


@dataclass(frozen=True, slots=True)
class GroupRuns:
    """``active`` are ids of runs that work or are to, by slot, ``bereft`` those whose process is gone; ``failures``
    those that failed since one last ended otherwise, with when the last of them did.
    """

    active: Mapping[int, str]
    bereft: tuple[dg.DagsterRun, ...]
    failures: Attempt
    last_failed: str

    @property
    def free_slot(self) -> int:
        """The first slot that no run has."""
        return next(slot for slot in count() if slot not in self.active)


def group_tags(groups: Iterable[str], slot: int) -> dict[str, str]:
    """The tags by which a run that works for these groups, in that slot, is found."""
    return {**{f"{_GROUPS}/{name}": _WORKS for name in groups}, _SLOT: str(slot)}


def worked_tags(groups: Iterable[str]) -> dict[str, str]:
    """The tags of a run that has only to tell of what it did: another one may work for the groups."""
    return {f"{_GROUPS}/{name}": _WORKED for name in groups}


def runs_of(instance: dg.DagsterInstance, group: str) -> GroupRuns:
    """The drain runs of a group, by the tags of runs."""
    tag = f"{_GROUPS}/{group}"
    wanted = dg.RunsFilter(job_name=AGENT_TASKS, tags={tag: [_WORKS, _WORKED]})
    records = instance.get_run_records(wanted, limit=_MOST_RUNS)
    since = datetime.now(UTC) - LONGEST_RUN
    unfinished = [
        each.dagster_run
        for each in records
        if each.dagster_run.status in UNFINISHED and _aware(each.create_timestamp) > since
    ]
    failed = _failed_lately([each for each in records if each.dagster_run.is_finished], tag)
    bereft = tuple(each for each in unfinished if is_bereft(each))
    return GroupRuns(
        {_slot(each): each.run_id for each in unfinished if each not in bereft and each.tags[tag] == _WORKS},
        bereft,
        Attempt(len(failed), max((each.end_time or 0.0 for each in failed), default=0.0)),
        failed[0].dagster_run.run_id if failed else "",
    )


def _failed_lately(finished: Sequence[dg.RunRecord], tag: str) -> Sequence[dg.RunRecord]:
    """Newest first, as they are listed. One that did its work and could not tell of it is none of them."""

    def failed(run: dg.DagsterRun) -> bool:
        return run.status is dg.DagsterRunStatus.FAILURE and run.tags[tag] == _WORKS

    return list(takewhile(lambda each: failed(each.dagster_run), finished))


def _slot(run: dg.DagsterRun) -> int:
    text = run.tags.get(_SLOT, "")
    return int(text) if text.isdecimal() else 0


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
