"""The first chapter: how a topic goes silent, and how drift ends the silence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from omni_assets.contracts.model import Manifest, Topic
from omni_assets.contracts.values import readable
from omni_assets.drift.kinds import DriftKind
from omni_assets.errors import ServiceFailed
from omni_assets.operations.cycle import Cycle, run_cycle
from omni_assets.operations.demo.outsider import RECORDS
from omni_assets.operations.demo.stage import Stage
from omni_assets.operations.demo.story import Chapter, Expected, Said, Scene, Shown
from omni_assets.operations.observe import DriftReport, drift
from omni_assets.operations.provision import provision
from omni_assets.operations.rescue import prepare, rescue

OUTSIDER_SECONDS = 120.0
"""Most seconds that one deed of the outsider may take."""

_OUTSIDER = "omni_assets.operations.demo.outsider"
_SHORT_RETENTION = "3600000"


def tell(stage: Stage) -> Iterator[Scene]:
    """Provision, break, see, reconcile, see again, rescue. Raises ``ServiceFailed`` where the outsider does not do its
    part, and ``RuntimeError`` where a run of Dagster ends without a result.
    """
    manifest = stage.context.manifest()
    yield Said(
        f"The embedded broker answers at {stage.context.bootstrap_servers} after {stage.broker_seconds * 1000:.0f} ms. "
        f"{len(manifest.contracts)} contracts declare {len(manifest.topics)} topics."
    )
    yield from _provision(stage, manifest)
    meant, dropped, shortened, widened = _cast(manifest)
    misspelt = meant.name.replace("routing-complete", "routing_complete")
    yield from _break(stage, misspelt, meant, dropped, shortened, widened)

    before = drift(stage.context, manifest)
    yield Said("What the broker has is held against what the contracts declare. Every difference has a verdict:")
    yield Shown(before)
    safe = {(dropped.name, DriftKind.MISSING, ""), (shortened.name, DriftKind.CONFIG, "retention.ms")}
    others = {(misspelt, DriftKind.STRANDED, ""), (widened.name, DriftKind.PARTITIONS, "partitions")}
    yield Expected("drift names these four differences and no other", _identities(before) == safe | others)

    cycle = _reconcile(stage)
    yield Said(
        f"Dagster's job `reconcile` ran ({cycle.run_id[:8]}, {cycle.events} events): what is safe is done, "
        "and the rest is shown."
    )
    yield Expected("the reconcile run succeeded in Dagster's event log", cycle.success)

    after = drift(stage.context, manifest)
    yield Shown(after)
    yield Expected(
        f"{dropped.name} was created again, {shortened.name} keeps its records as long as declared, and the other two "
        "keep their verdicts",
        _identities(after) == others,
    )
    yield from _rescue(stage, manifest, misspelt, meant)


SILENCE = Chapter("silence", "How a topic goes silent, and how drift ends the silence", tell)


def _provision(stage: Stage, manifest: Manifest) -> Iterator[Scene]:
    provisioning = provision(stage.context, manifest, trigger="demo")
    counts = provisioning.counts
    yield Said(
        f"`omni provision` creates {counts['created']} topics in {provisioning.seconds:.2f} s with "
        f"{provisioning.calls} broker calls, and reads them back."
    )
    yield Expected("every declared topic is there", counts["created"] == len(manifest.topics))
    clean = drift(stage.context, manifest)
    yield Expected("nothing drifts", not clean.rows)


def _break(
    stage: Stage, misspelt: str, meant: Topic, dropped: Topic, shortened: Topic, widened: Topic
) -> Iterator[Scene]:
    _outsider(stage, "publish", misspelt, str(RECORDS))
    with stage.context.admin() as admin:
        bounds = admin.record_bounds([misspelt, meant.name])
    yield Said(
        f"Now a service spells `{misspelt}`. It creates its topic, publishes {RECORDS} records, and nothing fails. "
        f"Whoever subscribes `{meant.name}` waits for ever: it holds {bounds.get(meant.name, 0)} records."
    )
    yield Expected(
        f"all {RECORDS} records are in the misspelt topic and none in the declared one",
        bounds == {misspelt: RECORDS, meant.name: 0},
    )
    wide = (widened.spec.partitions or 1) * 2
    _outsider(stage, "delete", dropped.name)
    _outsider(stage, "retain", shortened.name, _SHORT_RETENTION)
    _outsider(stage, "widen", widened.name, str(wide))
    yield Said(
        f"Behind the contracts' back somebody deletes `{dropped.name}`, sets the retention of `{shortened.name}` to "
        f"{readable('retention.ms', _SHORT_RETENTION)} and gives `{widened.name}` {wide} partitions."
    )


def _rescue(stage: Stage, manifest: Manifest, misspelt: str, meant: Topic) -> Iterator[Scene]:
    """Bring the stranded records home."""
    brought = rescue(stage.context, prepare(stage.context, manifest, misspelt, meant.name))
    yield Said(
        f"`omni rescue` brings the {brought.records} stranded records home in {brought.seconds:.2f} s, in one "
        "transaction: none is lost, none doubled, and the misspelt topic keeps its own."
    )
    with stage.context.admin() as admin:
        bounds = admin.record_bounds([meant.name])
    yield Expected(f"`{meant.name}` holds them", brought.records == RECORDS and bounds[meant.name] >= RECORDS)
    kinds = {row.drift.kind for row in drift(stage.context, manifest).rows if row.drift.topic == misspelt}
    yield Expected("no record is stranded any more; the misspelt topic is an orphan", kinds == {DriftKind.ORPHANED})


def _cast(manifest: Manifest) -> tuple[Topic, Topic, Topic, Topic]:
    """The topics that the story is about, found by what they are."""
    by_event = {topic.parts.event: topic for topic in manifest.topics.values()}
    meant = by_event["routing-complete"]
    dropped = by_event["review-complete"]
    others = [topic for topic in manifest.topics.values() if topic not in (meant, dropped)]
    kept = (topic for topic in others if int(topic.spec.config.get("retention.ms", "0")) > int(_SHORT_RETENTION))
    shortened = next(kept)
    widened = next(topic for topic in others if topic is not shortened and (topic.spec.partitions or 0) > 1)
    return meant, dropped, shortened, widened


def _identities(report: DriftReport) -> set[tuple[str, DriftKind, str]]:
    return {(row.drift.topic, row.drift.kind, row.drift.field) for row in report.rows}


def _reconcile(stage: Stage) -> Cycle:
    cycle = run_cycle(stage.environ, Path.cwd(), stage.context.home / "logs" / "reconcile.log")
    if cycle is None:
        raise RuntimeError("nobody asked this run to end")
    return cycle


def _outsider(stage: Stage, action: str, topic: str, *values: str) -> None:
    """Run the outsider as a process of its own that Ctrl-C reaches too."""
    command = [sys.executable, "-m", _OUTSIDER, action, stage.context.bootstrap_servers, topic, *values]
    try:
        ended = subprocess.run(
            command, env=stage.environ, capture_output=True, text=True, timeout=OUTSIDER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ServiceFailed(f"{_OUTSIDER} did not end within {OUTSIDER_SECONDS:g} s.", "Run the demo again.") from None
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise ServiceFailed(f"{_OUTSIDER} ended with exit code {ended.returncode}: {last}", "Run the demo again.")
