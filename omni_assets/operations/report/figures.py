"""What a report says first, and what it draws: sums over what was gathered. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from omni_assets.contracts.model import Severity
from omni_assets.contracts.text import count
from omni_assets.contracts.wiring.graph import Ends
from omni_assets.drift.verdict import Verdict
from omni_assets.operations.report.content import Content
from omni_assets.operations.report.layout import places
from omni_assets.operations.routing.savings import NOTHING, Economics
from omni_assets.router.money.words import NOT_KNOWN, percent, usd

DAYS_DRAWN = 60
"""Days of drift that are drawn at most."""

NODES_DRAWN = 1_500
"""Nodes of the wiring that are drawn at most: those with the most wires."""

_SHOWN_VERDICTS = (Verdict.UNFIXABLE, Verdict.NEEDS_APPROVAL, Verdict.AUTO_FIXABLE, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Card:
    """A figure with what it is, what belongs to it, and the view that has more. ``tone`` is one of ``TONES``."""

    title: str
    figure: str
    notes: tuple[str, ...]
    view: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class OpenByDay:
    """How many drifts were open at the end of a day (UTC), by verdict in the order of ``VERDICTS_DRAWN``."""

    day: date
    open: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """A node of the drawn wiring, where it stands, and how many open drifts it answers for."""

    name: str
    column: int
    row: float
    drifts: int


@dataclass(frozen=True, slots=True)
class Wire:
    """What one drawn node feeds another by: places in the list of dots (``start`` and ``end``), and in the
    list of topics.
    """

    start: int
    end: int
    topics: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The wiring as it is drawn: nodes with a wire, without the ``left_out`` ones, those with the fewest topics.

    ``alone`` is the number of nodes that have none. ``broken`` are the wires that there would be if two names that are
    nearly the same were one: writer, reader, and the two names.
    """

    dots: tuple[Dot, ...]
    wires: tuple[Wire, ...]
    broken: tuple[tuple[int, int, str, str], ...]
    alone: int
    left_out: int


VERDICTS_DRAWN = tuple(verdict.value.replace("_", " ") for verdict in _SHOWN_VERDICTS)

TONES = {
    **dict.fromkeys(("in sync", "accepted", "done", "agrees", "wired"), "good"),
    **dict.fromkeys(("auto fixable", "note", "duplicate", "nobody reads"), "calm"),
    **dict.fromkeys(("needs approval", "warning", "waiting", "rejected", "cancelled"), "warn"),
    **dict.fromkeys(("unfixable", "error", "failed", "dead-lettered", "false accept", "nobody publishes"), "bad"),
    **dict.fromkeys(("unknown",), "odd"),
}
"""How marks are coloured; a word says the same beside every colour."""


def sentence(content: Content) -> str:
    """What matters most, in a sentence or two."""
    return " ".join((_drift_sentence(content), _money_sentence(content))).strip()


def cards(content: Content) -> tuple[Card, ...]:
    """The figures that are seen first."""
    return (_drift_card(content), _wiring_card(content), *_money_cards(content), _tasks_card(content))


def open_by_day(content: Content) -> tuple[OpenByDay, ...]:
    """How much drift was open at the end of each day, up to the present, from the first of the history on."""
    if not content.history:
        return ()
    last = content.now.date()
    first = max(min(row.first_seen.date() for row in content.history), last - timedelta(days=DAYS_DRAWN - 1))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    changes: defaultdict[str, Counter[date]] = defaultdict(Counter)
    for row in content.history:
        changes[row.verdict][max(row.first_seen.date(), first)] += 1
        if row.resolved is not None:
            changes[row.verdict][max(row.resolved.date(), first)] -= 1
    open_now = [0] * len(_SHOWN_VERDICTS)
    found = []
    for day in days:
        open_now = [before + changes[verdict][day] for before, verdict in zip(open_now, _SHOWN_VERDICTS, strict=True)]
        found.append(OpenByDay(day, tuple(open_now)))
    return tuple(found)


def drawing(content: Content) -> Drawing:
    """The nodes with their wires, each where it stands."""
    wiring = content.wiring
    gaps = [gap for near in content.near for gap in _broken(near.wrong, near.meant)]
    wired = {node for node, readers in wiring.feeds.items() if readers}
    wired |= {reader for readers in wiring.feeds.values() for reader in readers}
    wired |= {end for writer, reader, *_ in gaps for end in (writer, reader)}
    topics = {name: number for number, name in enumerate(wiring.topics)}
    busy = sorted(wired, key=lambda node: (-len(wiring.reads[node]) - len(wiring.writes[node]), node))
    drawn = frozenset(busy[:NODES_DRAWN])
    feeds = {
        node: tuple(reader for reader in wiring.feeds[node] if reader in drawn and reader != node)
        for node in wiring.nodes
        if node in drawn
    }
    drifts = Counter(row.owner for row in content.drift)
    dots = tuple(Dot(node, place.column, place.row, drifts[node]) for node, place in places(feeds).items())
    position = {dot.name: number for number, dot in enumerate(dots)}
    wires = tuple(
        Wire(position[node], position[reader], tuple(topics[each] for each in wiring.between(node, reader)))
        for node, readers in feeds.items()
        for reader in readers
    )
    broken = tuple(
        (position[writer], position[reader], written, read)
        for writer, reader, written, read in gaps
        if writer in position and reader in position
    )
    return Drawing(dots, wires, broken, len(wiring.nodes) - len(wired), len(wired) - len(drawn))


def _broken(one: Ends, other: Ends) -> Iterator[tuple[str, str, str, str]]:
    """Who would feed whom if two names were one: writer, reader, what is written, what is read."""
    for written, read in ((one, other), (other, one)):
        for writer in sorted({each.node for each in written.publishers}):
            for reader in sorted({each.node for each in read.subscribers}):
                yield writer, reader, written.name, read.name


def _drift_sentence(content: Content) -> str:
    if content.observation is None:
        return "The broker was not looked at yet."
    open_drift = count(len(content.drift), "drift") if content.drift else "No drift"
    stuck = sum(row.verdict in (Verdict.NEEDS_APPROVAL, Verdict.UNFIXABLE) for row in content.drift)
    person = f", {stuck:,} of which {'needs' if stuck == 1 else 'need'} a person" if stuck else ""
    return f"{open_drift} in {count(content.observation.declared_topics, 'topic')}{person}."


def _money_sentence(content: Content) -> str:
    total = Economics(content.told.total or NOTHING)
    sums = total.sums
    if not sums.tasks:
        return ""
    local = "" if total.local_share is None else f"{percent(total.local_share)} of tokens stayed on own hardware; "
    spent = f"{_at_least(total)}{usd(sums.spent_usd)} spent"
    if sums.avoided_usd < 0:
        return f"{local}{spent}, {usd(-sums.avoided_usd)} more than {sums.baselines} would have cost."
    return f"{local}{_avoided(total)} avoided for {spent}."


def _drift_card(content: Content) -> Card:
    if content.observation is None:
        return Card("Open drift", NOT_KNOWN, ("the broker was not looked at yet",), "drift", "odd")
    counted = Counter(row.verdict.replace("_", " ") for row in content.drift)
    notes = tuple(f"{counted[verdict]:,} {verdict}" for verdict in VERDICTS_DRAWN if counted[verdict])
    worst = next((TONES[verdict] for verdict in VERDICTS_DRAWN if counted[verdict]), "good")
    return Card("Open drift", f"{len(content.drift):,}", notes or ("nothing differs",), "drift", worst)


def _wiring_card(content: Content) -> Card:
    near = sum(bool(each.near) for each in content.findings)
    errors = sum(each.severity is Severity.ERROR for each in content.findings)
    notes = (
        count(len(content.wiring.nodes), "node"),
        f"{near:,} near miss{'' if near == 1 else 'es'}, {count(errors, 'error')}",
    )
    return Card("Topics", f"{len(content.wiring.topics):,}", notes, "wiring", "bad" if errors else "good")


def _money_cards(content: Content) -> tuple[Card, ...]:
    total = Economics(content.told.total or NOTHING)
    sums = total.sums
    local = (f"of {count(sums.tokens, 'token')}",) if sums.tokens else ("no token was counted",)
    against = f"against {sums.baselines}" if sums.compared else "nothing to compare with"
    escalated = (
        f"{sums.escalated:,} of {count(sums.attempted, 'routed task')}" if sums.attempted else "no task was routed"
    )
    audited = f"{sums.false_accepts:,} of {count(sums.audited, 'audit')}" if sums.audited else "no answer was audited"
    return (
        Card("Local share", percent(total.local_share), local, "money"),
        Card("Spent", f"{_at_least(total)}{usd(sums.spent_usd)}", (count(sums.tasks, "task"),), "money"),
        Card("Avoided", _avoided(total), (against,), "money", _avoided_tone(total)),
        Card("Escalated", percent(total.escalation_rate), (escalated,), "receipts"),
        Card("False accepts", percent(total.false_accept_rate), (audited,), "receipts", _wrong_tone(total)),
    )


def _avoided(total: Economics) -> str:
    return usd(total.sums.avoided_usd if total.sums.compared else None)


def _avoided_tone(total: Economics) -> str:
    return "bad" if total.sums.avoided_usd < 0 else "good" if total.sums.avoided_usd > 0 else ""


def _at_least(total: Economics) -> str:
    return "at least " if total.sums.calls_without_cost else ""


def _wrong_tone(total: Economics) -> str:
    return "warn" if total.sums.false_accepts else ""


def _tasks_card(content: Content) -> Card:
    outcomes = Counter(row.outcome for row in content.told.tasks)
    lost = outcomes["failed"] + outcomes["dead-lettered"]
    notes = tuple(f"{number:,} {outcome}" for outcome, number in outcomes.most_common())
    tone = "bad" if lost else "warn" if outcomes["waiting"] else ""
    return Card("Tasks on the bus", f"{len(content.told.tasks):,}", notes or ("none is remembered",), "tasks", tone)
