"""What stands within a JSON answer. Pure, without recursion: an answer may be nested as deep as its model likes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object within ``value``, the outer ones first, in the order in which they stand."""
    for each in _all(value):
        if isinstance(each, dict):
            yield each


def strings(value: Any) -> Iterator[str]:
    """Every text within ``value``, in the order in which they stand; keys are none."""
    for each in _all(value):
        if isinstance(each, str):
            yield each


def members(record: Mapping[str, Any], names: Sequence[str]) -> Iterator[str | int]:
    """The texts and whole numbers that ``record`` has under any of ``names``, by themselves or in a list."""
    for name in names:
        found = record.get(name)
        for each in found if isinstance(found, list) else (found,):
            if isinstance(each, str | int) and not isinstance(each, bool):
                yield each


def _all(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        yield each
        if isinstance(each, dict):
            waiting.extend(reversed(each.values()))
        elif isinstance(each, list):
            waiting.extend(reversed(each))
