"""Changes as findings, at lines of the new contracts wherever there is one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from omni_assets.contracts.changes.comparison import Change, ChangeKind, Participant, Side, is_unread
from omni_assets.contracts.faults import short
from omni_assets.contracts.findings import finding
from omni_assets.contracts.model import Finding, Location, Manifest, Rule, Severity
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.rules import (
    HANDLER_CHANGED,
    REMOVED_IN_USE,
    SCHEMA_CHANGED,
    SETTINGS_CHANGED,
    TOPIC_ADDED,
    TOPIC_REMOVED,
    TOPIC_RENAMED,
)
from omni_assets.contracts.text import count

_MOST_NAMED = 5
_MOST_SAID = 10


def with_findings(
    changes: Iterable[Change], old: Manifest, new: Manifest, grammar: Grammar, at: str
) -> tuple[Change, ...]:
    """The changes, each with its findings. ``at`` is what the old revision is called after "at"."""
    told = _Told(Side(old), Side(new), grammar, at)
    return tuple(replace(change, findings=tuple(_TELLERS[change.kind](told, change))) for change in changes)


def unread_findings(new: Manifest) -> tuple[Finding, ...]:
    """Why contracts of the new side could not be read: what they changed is not known."""
    return tuple(each for contract in new.contracts if is_unread(contract) for each in contract.findings)


@dataclass(frozen=True)
class _Told:
    """Both sides, and what the old one is called."""

    old: Side
    new: Side
    grammar: Grammar
    at: str

    def nearest(self, location: Location, node: str | None) -> Location:
        """A line of the new contracts for what stood at ``location``: the same file's first, else that of the node's
        contract, else the old line."""
        return self._by_path.get(location.path) or self._by_node.get(node) or location

    @cached_property
    def _by_path(self) -> Mapping[str, Location]:
        return {contract.location.path: contract.location for contract in self.new.manifest.contracts}

    @cached_property
    def _by_node(self) -> Mapping[str | None, Location]:
        return {contract.node: contract.location for contract in reversed(self.new.manifest.contracts)}


def _added(told: _Told, change: Change) -> Iterator[Finding]:
    yield finding(
        TOPIC_ADDED,
        f"`{change.topic}` was not declared at {told.at}.",
        told.new.first(change.topic),
        topic=change.topic,
    )


def _removed(told: _Told, change: Change) -> Iterator[Finding]:
    name = change.topic
    was = told.old.first(name)
    related = ((was, f"declared here at {told.at}"),)
    waiting = told.new.subscribers(name)
    for each in waiting:
        yield finding(
            REMOVED_IN_USE,
            f"nobody publishes `{name}` any more, and {each} still subscribes it.",
            each.location,
            topic=name,
            related=related,
            fix=f"keep it until {each} is gone, or remove both in one change",
        )
    if not waiting:
        parties = told.old.publishers(name) or told.old.subscribers(name)
        yield finding(
            TOPIC_REMOVED,
            f"`{name}` is no longer declared{_last_readers(told, change)}.",
            told.nearest(was, parties[0].node),
            topic=name,
            related=related,
            fix="let its records be read to the end before the topic is deleted",
        )


def _renamed(told: _Told, change: Change) -> Iterator[Finding]:
    before, after = change.before or "", change.after or ""
    now = told.new.first(after)
    was = (told.old.first(before), f"called `{before}` here at {told.at}")
    waiting = told.new.subscribers(before)
    for each in waiting:
        yield finding(
            REMOVED_IN_USE,
            f"`{before}` was renamed to `{after}`, and {each} still subscribes the old name.",
            each.location,
            topic=before,
            related=((now, f"called `{after}` here"), was),
            fix=f"subscribe `{after}`",
            near=(after,),
        )
    if not waiting:
        yield finding(
            TOPIC_RENAMED,
            f"`{before}` was renamed to `{after}` ({change.why}); what is unread in the old topic stays there.",
            now,
            topic=after,
            related=(was, *_lines(change.hurts)),
            fix="publish both until the old one has been read to its end",
            near=(before,),
        )


def _settings(told: _Told, change: Change) -> Iterator[Finding]:
    yield _otherwise(told, change, SETTINGS_CHANGED, f"`{change.topic}` has other settings")


def _schema(told: _Told, change: Change) -> Iterator[Finding]:
    yield _otherwise(told, change, SCHEMA_CHANGED, f"the records of `{change.topic}` have another schema")


def _handler(told: _Told, change: Change) -> Iterator[Finding]:
    yield _otherwise(told, change, HANDLER_CHANGED, f"`{short(change.node)}` has another handler")


def _otherwise(told: _Told, change: Change, rule: Rule, what: str) -> Finding:
    """What is said otherwise than before: a warning where it can hurt somebody."""
    said = [f"{each}{f' ({each.risk})' if each.risk else ''}" for each in change.settings[:_MOST_SAID]]
    more = len(change.settings) - _MOST_SAID
    risky = any(each.risk for each in change.settings)
    was = change.was or told.old.first(change.before or "")
    return finding(
        rule,
        f"{what} than at {told.at}: {'; '.join([*said, *([f'and {more:,} more'] if more > 0 else [])])}.",
        change.now or told.new.first(change.topic),
        topic=change.topic or None,
        related=((was, f"as it was at {told.at}"), *_lines(change.hurts)),
        severity=Severity.WARNING if risky else Severity.NOTE,
    )


def _nodes(_told: _Told, _change: Change) -> Iterator[Finding]:
    return iter(())


_TELLERS: Mapping[ChangeKind, Callable[[_Told, Change], Iterator[Finding]]] = {
    ChangeKind.ADDED: _added,
    ChangeKind.REMOVED: _removed,
    ChangeKind.RENAMED: _renamed,
    ChangeKind.SETTINGS: _settings,
    ChangeKind.SCHEMA: _schema,
    ChangeKind.HANDLER: _handler,
    ChangeKind.NODES: _nodes,
}


def _last_readers(told: _Told, change: Change) -> str:
    if change.hurts:
        return ", and somebody outside subscribes it"
    readers = len({each.node for each in told.old.subscribers(change.topic)})
    if not readers:
        return ""
    return f", nor subscribed: {count(readers, 'node')} did at {told.at}"


def _lines(parties: tuple[Participant, ...]) -> tuple[tuple[Location, str], ...]:
    named = tuple((each.location, f"{each} {each.role} it") for each in parties[:_MOST_NAMED])
    more = len(parties) - _MOST_NAMED
    return (*named, (parties[_MOST_NAMED].location, f"and {more:,} more")) if more > 0 else named
