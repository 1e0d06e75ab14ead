"""The job ``tidy`` and its schedule: what is old goes, every day."""

from datetime import UTC, datetime

import dagster as dg

from omni_assets.contracts.text import count
from omni_assets.operations.tidy import MOST_RUNS, runs_before, tidy_state
from omni_assets.pipeline.old_runs import forget
from omni_assets.pipeline.resources import ProjectResource, one_sentence


@dg.op(
    description="Forgets rows of the projection that are old, folds journals, writes the DuckDB file anew where much "
    "of it holds nothing, and deletes records of runs that ended long ago: as `omni tidy` does, by the settings under "
    "`retention`."
)
def take_away_what_is_old(context: dg.OpExecutionContext, project: ProjectResource) -> None:
    now = datetime.now(UTC)
    with one_sentence():
        where = project.context()
        excess = tidy_state(where, now)
    runs = forget(context.instance, runs_before(where, now), MOST_RUNS)
    context.log.info(
        f"{count(sum(excess.rows.values()), 'row')} forgotten, {count(sum(excess.lines.values()), 'line')} of journals "
        f"folded, {excess.free_bytes:,} bytes given back, {count(len(runs.old), 'record')} of runs deleted."
    )
    context.add_output_metadata(
        {
            "rows": dict(excess.rows),
            "lines": dict(excess.lines),
            "free_bytes": excess.free_bytes,
            "runs": len(runs.old),
            "runs_kept": runs.kept,
        }
    )


@dg.job(
    name="tidy",
    description="Takes away what need not be kept: old rows, lines of journals that say nothing more, room that holds "
    "nothing, and records of runs that ended long ago.",
)
def tidy() -> None:
    take_away_what_is_old()


tidy_daily = dg.ScheduleDefinition(
    name="tidy_daily",
    job=tidy,
    cron_schedule="40 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Takes away what is old, every day at 3:40 UTC.",
)
