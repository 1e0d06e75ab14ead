"""What is wrong with the wiring, as findings: everything that takes more than one contract to see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from omni_assets.contracts.findings import finding, in_order
from omni_assets.contracts.model import Declaration, Finding, Location, Manifest, Rule, Severity
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.rules import CYCLE, DEAD_END, NEAR_MISS, NO_PUBLISHER, NO_SUBSCRIBER
from omni_assets.contracts.text import count
from omni_assets.contracts.wiring.answers import answer_findings
from omni_assets.contracts.wiring.graph import Ends, Wiring, wire
from omni_assets.contracts.wiring.mismatches import Mismatch, mismatches
from omni_assets.contracts.wiring.near_miss import Reason
from omni_assets.contracts.wiring.order import order_findings

MAY_BE_MEANT = frozenset({Reason.OUTCOME, Reason.VERSION, Reason.PRODUCER, Reason.LETTERS, Reason.KIND})
"""Differences that somebody may have wanted: their near misses are warnings."""

_MOST_PLACES = 3
_MOST_OTHERS = 2


def wiring_findings(manifest: Manifest, grammar: Grammar) -> tuple[Finding, ...]:
    """Dangling topics, near misses, dead ends, cycles, the order of nodes and who answers them, in order of places."""
    wiring = wire(manifest, grammar)
    return in_order(
        [
            *_dangling(wiring, manifest, grammar),
            *(_near_miss(each, grammar) for each in mismatches(wiring, grammar)),
            *_dead_ends(wiring, manifest),
            *_cycles(wiring),
            *order_findings(manifest),
            *answer_findings(manifest),
        ]
    )


@dataclass(frozen=True, slots=True)
class _MissingEnd:
    """What is said of a topic that has one end only, and of a command that has: another clause and severity."""

    rule: Rule
    done: str
    lost: str
    lost_command: str
    severity_of_command: Severity
    fix: str


_NO_PUBLISHER = _MissingEnd(
    NO_PUBLISHER,
    "subscribed",
    "nobody publishes it, so nothing will arrive",
    "no contract sends it",
    Severity.NOTE,
    "declare it in the contract of its publisher, or say `external_publisher`",
)
_NO_SUBSCRIBER = _MissingEnd(
    NO_SUBSCRIBER,
    "published",
    "nobody reads it",
    "nobody handles it",
    Severity.ERROR,
    "declare it in the contract of its subscriber, or list it under `externally_consumed_topics`",
)


def _dangling(wiring: Wiring, manifest: Manifest, grammar: Grammar) -> Iterator[Finding]:
    for name, ends in wiring.topics.items():
        command = grammar.is_command(manifest.topics[name].parts.kind)
        if ends.starving and ends.subscribers:
            yield _one_ended(_NO_PUBLISHER, ends.subscribers, command)
        elif ends.unread and ends.publishers and not ends.dead_letter:
            yield _one_ended(_NO_SUBSCRIBER, ends.publishers, command)


def _one_ended(missing: _MissingEnd, present: tuple[Declaration, ...], command: bool) -> Finding:
    first, *more = present
    return finding(
        missing.rule,
        f"`{first.topic}` is {missing.done} here, and {missing.lost_command if command else missing.lost}.",
        first.location,
        topic=first.topic,
        related=_places(missing.done, tuple(more), first),
        fix=missing.fix,
        severity=missing.severity_of_command if command else None,
    )


def _near_miss(pair: Mismatch, grammar: Grammar) -> Finding:
    wrong, meant = pair.wrong, pair.meant
    others = (
        f" It may also stand for {' or '.join(f'`{each}`' for each in pair.others[:_MOST_OTHERS])}."
        if pair.others
        else ""
    )
    here = wrong.subscribers if wrong.starving else wrong.publishers or wrong.subscribers
    there = _counterpart(wrong, meant)
    difference = pair.near.difference(wrong.name)
    suggested = meant.name if grammar.matches(meant.name) else grammar.suggest(meant.name) or meant.name
    return finding(
        NEAR_MISS,
        f"`{wrong.name}` {_state(wrong)}.{others}",
        here[0].location,
        topic=wrong.name,
        related=tuple((each.location, f"{each.role} `{meant.name}`; {difference}") for each in there[:_MOST_PLACES]),
        fix=f"{'subscribe' if wrong.starving else 'publish' if wrong.publishers else 'write'} `{suggested}`",
        severity=Severity.WARNING if _may_be_meant(pair) else None,
        near=(meant.name, *pair.others),
    )


def _may_be_meant(pair: Mismatch) -> bool:
    """Whether somebody may have wanted both names: by how they differ, or as one node publishes both, and the other
    lacks nothing (`job-processing` beside `job-processed`)."""
    wrong, meant = pair.wrong, pair.meant
    writers = {each.node for each in wrong.publishers} & {each.node for each in meant.publishers}
    both = bool(writers) and wrong.unread and not meant.dangling and pair.near.reason is not Reason.SEPARATOR
    return both or pair.near.reason in MAY_BE_MEANT


def _state(ends: Ends) -> str:
    if ends.starving:
        return "is subscribed here and nobody publishes it"
    if ends.unread:
        return "is published here and nobody subscribes it"
    return "is one of two spellings of a name that are both in use"


def _counterpart(wrong: Ends, meant: Ends) -> tuple[Declaration, ...]:
    """The declarations of ``meant`` that lack what ``wrong`` offers, else whatever there is."""
    first, second = meant.subscribers, meant.publishers
    return (second or first) if wrong.starving else (first or second)


def _dead_ends(wiring: Wiring, manifest: Manifest) -> Iterator[Finding]:
    places = _places_of_nodes(manifest)
    for node in wiring.dead_ends:
        written = count(len(wiring.writes[node]), "topic")
        yield finding(
            DEAD_END,
            f"`{node}` publishes {written}, and no contract reads any: the flow ends here.",
            places[node],
        )


def _cycles(wiring: Wiring) -> Iterator[Finding]:
    for circle in wiring.cycles:
        steps = list(zip(circle, (*circle[1:], circle[0]), strict=True))
        topics = [wiring.between(writer, reader)[0] for writer, reader in steps]
        way = "".join(f"`{node}` → `{topic}` → " for node, topic in zip(circle, topics, strict=True))
        ends = [wiring.topics[topic] for topic in topics]
        written = [_of(each.publishers, node) for each, node in zip(ends, circle, strict=True)]
        yield finding(
            CYCLE,
            f"{way}`{circle[0]}`: what this node publishes comes back to it.",
            written[0].location,
            topic=topics[0],
            related=tuple((each.location, f"`{each.node}` publishes `{each.topic}`") for each in written[1:]),
        )


def _of(declarations: tuple[Declaration, ...], node: str) -> Declaration:
    return next(each for each in declarations if each.node == node)


def _places_of_nodes(manifest: Manifest) -> dict[str, Location]:
    return {contract.node: contract.location for contract in reversed(manifest.contracts)}


def _places(done: str, more: tuple[Declaration, ...], first: Declaration) -> tuple[tuple[Location, str], ...]:
    """Where other nodes do the same, a few of them."""
    others = {each.node: each for each in reversed(more) if each.node != first.node}
    return tuple((each.location, f"{done} by `{each.node}` too") for each in list(others.values())[:_MOST_PLACES])
