"""Criteria of acceptance that need no judgement: they are looked up. Pure.

===========================  ============================================================
``test: NAME passes``        the test, or each one below that name, ran and passed
``file: PATH exists``        the change leaves a file there
``mentions: WORDS``          a line that the change adds holds these words
===========================  ============================================================

Any other criterion is a text for whoever can judge it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from omni_assets.agents.workflow.messages import Judged, Ran
from omni_assets.contracts.text import count


@dataclass(frozen=True, slots=True)
class Change:
    """What a criterion is held against: how the suite ended, the paths of all files, and the lines that were added."""

    ran: Ran
    paths: Collection[str]
    added: tuple[str, ...]


def judge(criterion: str, change: Change) -> Judged | None:
    """Whether a criterion holds; ``None`` where that takes judgement."""
    kind, colon, rest = criterion.partition(":")
    look = _LOOKS.get(kind.strip().lower())
    wanted = rest.strip()
    if not colon or look is None or not wanted:
        return None
    met, evidence = look(wanted, change)
    return Judged(criterion=criterion, met=met, evidence=evidence)


def added_lines(diff: str) -> tuple[str, ...]:
    """The lines that a diff adds, without the sign in front of them."""
    return tuple(line[1:] for line in diff.split("\n") if line.startswith("+") and not line.startswith("+++"))


def _test(wanted: str, change: Change) -> tuple[bool, str]:
    name = wanted.removesuffix(" passes").strip()
    others = [each for each in (*change.ran.failed, *change.ran.skipped) if _below(each, name)]
    if others:
        return False, f"`{others[0]}` did not pass."
    found = [each for each in change.ran.passed if _below(each, name)]
    return bool(found), f"{count(len(found), 'test')} passed." if found else f"no test `{name}` ran."


def _below(test: str, name: str) -> bool:
    return test == name or test.startswith((f"{name}::", f"{name}["))


def _file(wanted: str, change: Change) -> tuple[bool, str]:
    path = wanted.removesuffix(" exists").strip()
    there = path in change.paths
    return there, f"`{path}` is {'there' if there else 'not there'}."


def _mentions(wanted: str, change: Change) -> tuple[bool, str]:
    found = next((line.strip() for line in change.added if wanted.casefold() in line.casefold()), None)
    return found is not None, f"no added line holds `{wanted}`." if found is None else f"`{found[:120]}` is added."


_LOOKS: Mapping[str, Callable[[str, Change], tuple[bool, str]]] = {
    "test": _test,
    "file": _file,
    "mentions": _mentions,
}
