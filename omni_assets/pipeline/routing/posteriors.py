"""The asset ``routing_posteriors``: what the receipts teach of each model, as the router reckons with it."""

from collections.abc import Sequence

import dagster as dg

from omni_assets.contracts.text import count
from omni_assets.operations.routing.posteriors import Posterior, posteriors
from omni_assets.pipeline.resources import ProjectResource, one_sentence
from omni_assets.pipeline.routing.columns import Described, previewed, schema
from omni_assets.pipeline.routing.keys import GROUP, RECEIPTS, ROUTING_POSTERIORS
from omni_assets.pipeline.topics.keys import PLATFORM
from omni_assets.pipeline.topics.metadata import Metadata, counts, preview

MOST_PLOTTED = 25
"""Most models of classes whose bound is plotted: those with the most answers."""

_DESCRIBED = (
    Described("task_class", "string", "The class of tasks."),
    Described("model", "string", "The model, by its name in the catalog."),
    Described("after", "bool", "Whether the answer of another model was rejected before: failures go together."),
    Described("prompt_version", "int", "The version of the prompt that it answered."),
    Described("gates", "string", "The gates that judged its answers, each with its version."),
    Described(
        "current", "bool", "Whether the class still has that prompt and those gates: nothing else is reckoned with."
    ),
    Described("judged", "int", "Number of its answers that gates judged."),
    Described("passes", "int", "Number of those that they accepted."),
    Described("fails", "int", "Number of those that they rejected."),
    Described("pass_rate", "float", "The share that is expected to be accepted."),
    Described("right", "int", "Number of accepted ones that proved right, by tests, an audit or another answer."),
    Described("wrong", "int", "Number of accepted ones that proved wrong."),
    Described("right_rate", "float", "The share of accepted ones that is expected to be right."),
    Described("bound", "float", "What that share exceeds with a credibility of nine in ten."),
    Described(
        "floor", "float", "The quality that the class is held to; NULL where there is no such class now.", nullable=True
    ),
    Described(
        "mean_cost_usd",
        "float",
        "What a call costs on average, in US dollars; NULL where no cost is known.",
        nullable=True,
    ),
)


@dg.asset(
    key=ROUTING_POSTERIORS,
    deps=[RECEIPTS],
    group_name=GROUP,
    owners=[PLATFORM],
    kinds={"duckdb"},
    description="What the receipts teach of each model at the tasks of a class: how many of its answers the gates "
    "accepted, how many of those proved right, and the lower bound of that share. The router takes the cheapest chain "
    "of models whose bound meets the class's floor; `omni route explain` shows it at work on a task. An answer that "
    "was accepted is not taken for right: of most it is not known.",
    metadata={"dagster/column_schema": schema(_DESCRIBED)},
)
def routing_posteriors(project: ProjectResource) -> dg.MaterializeResult[None]:
    with one_sentence():
        known = posteriors(project.context())
    return dg.MaterializeResult(metadata=_metadata(known))


def _metadata(known: Sequence[Posterior]) -> Metadata:
    current = [each for each in known if each.current]
    below = [each for each in current if each.floor is not None and each.right.lower < each.floor]
    plotted = sorted(current, key=lambda each: (-each.tally.judged, _name(each)))[:MOST_PLOTTED]
    entries: Metadata = {
        "dagster/row_count": dg.MetadataValue.int(len(known)),
        **preview(
            "posteriors", previewed(_DESCRIBED), map(_row, [*current, *(each for each in known if not each.current)])
        ),
        **counts(
            {
                "current": len(current),
                "judged": sum(each.tally.judged for each in known),
                "passes": sum(each.tally.accepted for each in known),
                "fails": sum(each.tally.judged - each.tally.accepted for each in known),
                "proved_right": sum(each.tally.right for each in known),
                "proved_wrong": sum(each.tally.wrong for each in known),
                "bound_below_floor": len(below),
            }
        ),
        **{f"bound: {_name(each)}": dg.MetadataValue.float(round(each.right.lower, 4)) for each in plotted},
    }
    if len(current) > len(plotted):
        entries["plotted"] = dg.MetadataValue.text(
            f"the bounds of {len(plotted):,} of {count(len(current), 'posterior')}: those with the most answers"
        )
    return entries


def _name(each: Posterior) -> str:
    subject = each.subject
    return f"{subject.task_class}, {subject.model}{', after a rejection' if subject.after else ''}"


def _row(each: Posterior) -> dict[str, str | int | float | None]:
    subject, tally = each.subject, each.tally
    return {
        "task_class": subject.task_class,
        "model": subject.model,
        "after": subject.after,
        "prompt_version": subject.prompt_version,
        "gates": ", ".join(f"{gate} {version}" for gate, version in subject.gates),
        "current": each.current,
        "judged": tally.judged,
        "passes": tally.accepted,
        "fails": tally.judged - tally.accepted,
        "pass_rate": round(each.accepted.mean, 4),
        "right": tally.right,
        "wrong": tally.wrong,
        "right_rate": round(each.right.mean, 4),
        "bound": round(each.right.lower, 4),
        "floor": each.floor,
        "mean_cost_usd": each.mean_usd,
    }
