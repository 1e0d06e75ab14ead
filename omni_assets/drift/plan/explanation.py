"""Why a step is there and what follows from it, as sentences. Pure; what a broker said is shown escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from omni_assets.contracts.text import count, visible
from omni_assets.contracts.values import readable
from omni_assets.drift.diff import Drift
from omni_assets.drift.judgement import magnitude
from omni_assets.drift.plan.definition import Action


class Change(NamedTuple):
    """What a step changes, as far as its consequence depends on it.

    ``records`` is at most how many records fall out, ``None`` where it was not counted.
    """

    action: Action
    field: str
    before: str | None
    after: str | None
    keyed: bool | None
    records: int | None


def reason(drift: Drift, change: Change) -> str:
    """Why the step is there, as a sentence."""
    return f"{_SITUATIONS[change.action](drift, change)}: {visible(drift.explanation)}."


def consequence(change: Change) -> str:
    """What follows when the step runs, as one or two sentences."""
    return _CONSEQUENCES[change.action](change)


def shown(field: str, value: str | None) -> str:
    """A value for a person, safe to show."""
    return visible(readable(field, value))


def _missing(_drift: Drift, _change: Change) -> str:
    return "The topic is declared and the broker does not have it"


def _differs(drift: Drift, change: Change) -> str:
    if drift.declared == drift.observed:
        return f"{change.field} is {shown(change.field, change.after)} as declared, but not the topic's own"
    return (
        f"{change.field} is {shown(change.field, drift.observed)} on the broker "
        f"and {shown(change.field, drift.declared)} in the contract"
    )


def _undeclared(_drift: Drift, change: Change) -> str:
    return f"{change.field} is {shown(change.field, change.before)} on the topic and in no contract"


def _deletion(_drift: Drift, _change: Change) -> str:
    return "The topic is in no contract, and its deletion was asked for"


_SITUATIONS: Mapping[Action, Callable[[Drift, Change], str]] = {
    Action.CREATE: _missing,
    Action.ADD_PARTITIONS: _differs,
    Action.SET_CONFIG: _differs,
    Action.CLEAR_CONFIG: _undeclared,
    Action.CHANGE_REPLICATION: _differs,
    Action.DELETE: _deletion,
}


def _creates(change: Change) -> str:
    return f"An empty topic is made ({visible(change.after or 'as the broker makes it')}); no other topic changes."


def _adds(change: Change) -> str:
    spread = f"New records spread over {change.after} partitions instead of {change.before}, and the topic never "
    if change.keyed is False:
        return f"{spread}shrinks again; no record moves."
    return (
        f"{spread}shrinks again. A key may go to another partition from then on: its older and its newer records stand "
        "apart, and readers may take them out of order."
    )


def _clears(change: Change) -> str:
    holds = "the broker's own value"
    if change.after is not None:
        holds = f"the broker's own value, {shown(change.field, change.after)}, now"
    own = _sets(change) if change.after is not None else ""
    return f"The topic falls back to {holds}.{' ' + own if own else ''}"


def _sets(change: Change) -> str:
    said = _KEYS.get(change.field)
    if said is not None and change.after is not None:
        return said(change)
    return (
        f"{change.field} becomes {shown(change.field, change.after)}; no rule here knows what follows, so look it up "
        "in your broker's documentation."
    )


def _moves(change: Change) -> str:
    cost = "Data moves between brokers, which takes disk and network until all replicas are in sync."
    before, after = magnitude((change.before or "").split(" ")[-1]), magnitude(change.after or "")
    if before is not None and after is not None and after < before:
        return f"{cost} Fewer brokers may fail then before records are lost."
    return cost


def _deletes(change: Change) -> str:
    lost = "Every record" if change.records is None else f"At most {count(change.records, 'record')}"
    return f"{lost} and all committed offsets are gone for good; nothing brings them back."


def _keeps_time(change: Change) -> str:
    after = shown(change.field, change.after)
    if not _shrinks(change):
        return f"Records are kept for {after} instead of {shown(change.field, change.before)}, and take more disk."
    return f"{_fallen(change.records, f'older than {after}')} Nothing brings them back."


def _keeps_size(change: Change) -> str:
    after = shown(change.field, change.after)
    if not _shrinks(change):
        return f"Each partition may grow to {after}, from {shown(change.field, change.before)}."
    return (
        f"Each partition is cut down to {after}, its oldest records first; how many cannot be told beforehand. "
        "Nothing brings them back."
    )


def _cleans(change: Change) -> str:
    before, after = _policies(change.before), _policies(change.after)
    said = []
    if "compact" in after - before:
        said.append("Only the newest record of each key stays in the long run, and records without a key are refused.")
    if "delete" in after - before:
        said.append(f"{_fallen(change.records, 'past the retention')} That takes the last record of a key too.")
    if "delete" in before - after:
        said.append("Records no longer go by age, and the topic grows with its keys.")
    if "compact" in before - after:
        said.append("Older records of a key are kept until they are past the retention.")
    return " ".join(said) or f"It decides which records are deleted; it becomes {shown(change.field, change.after)}."


def _accepts(change: Change) -> str:
    after = shown(change.field, change.after)
    if not _shrinks(change):
        return f"Batches up to {after} are accepted; consumers have to take them too."
    return f"Producers whose batches are larger than {after} are refused from then on."


def _acknowledges(change: Change) -> str:
    return (
        f"Producers that wait for all replicas are refused while fewer than {visible(change.after or '')} are in sync."
    )


def _tombstones(change: Change) -> str:
    after = shown(change.field, change.after)
    return f"Markers of deleted keys are kept for {after}; a reader that is further behind may miss a deletion."


_CONSEQUENCES: Mapping[Action, Callable[[Change], str]] = {
    Action.CREATE: _creates,
    Action.ADD_PARTITIONS: _adds,
    Action.SET_CONFIG: _sets,
    Action.CLEAR_CONFIG: _clears,
    Action.CHANGE_REPLICATION: _moves,
    Action.DELETE: _deletes,
}
_KEYS: Mapping[str, Callable[[Change], str]] = {
    "retention.ms": _keeps_time,
    "retention.bytes": _keeps_size,
    "delete.retention.ms": _tombstones,
    "cleanup.policy": _cleans,
    "max.message.bytes": _accepts,
    "min.insync.replicas": _acknowledges,
}


def _fallen(records: int | None, which: str) -> str:
    if records is None:
        return f"Records {which} are deleted soon after; how many was not counted."
    if records == 0:
        return f"Records {which} are deleted soon after; there are none now."
    return f"At most {count(records, 'record')} {'is' if records == 1 else 'are'} {which} and deleted soon after."


def _shrinks(change: Change) -> bool:
    before, after = magnitude(change.before or ""), magnitude(change.after or "")
    return before is None or after is None or after < before


def _policies(value: str | None) -> frozenset[str]:
    return frozenset(part.strip() for part in (value or "").split(",")) - {""}
