"""What the owner of a project wants done about drift: which differences count, and which are corrected.

The built-in judgements (``drift.judgement``) hold where nothing is stated. ``inherit`` compares the value that is in
effect, wherever it comes from; ``pin`` wants the topic to carry it itself; ``ignore`` never makes a row. ``auto`` fixes
without asking, ``ask`` always asks, ``never`` leaves it.

``auto`` can never delete a topic, nor write a value that has meant two things. Where it would lose records the key has
to be named in full: a pattern that was written with other keys in mind is not consent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NamedTuple

from omni_assets.drift.judgement import Judgement
from omni_assets.drift.verdict import Reason, Verdict

PARTITIONS = "partitions"
REPLICATION_FACTOR = "replication_factor"


class Compare(StrEnum):
    """Whether a difference counts."""

    INHERIT = "inherit"
    PIN = "pin"
    IGNORE = "ignore"


class Fix(StrEnum):
    """Whether a difference is corrected."""

    AUTO = "auto"
    ASK = "ask"
    NEVER = "never"


class Watch(StrEnum):
    """Whether silent readers are looked for. ``auto``: once a consumer group on the broker belongs to any node."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Rule(NamedTuple):
    """What holds for one setting. ``fix`` is ``None`` where the built-in judgement decides."""

    compare: Compare = Compare.INHERIT
    fix: Fix | None = None


class _Found(NamedTuple):
    rule: Rule
    exact: bool


NO_RULE = Rule()
_BUILT_IN = _Found(NO_RULE, exact=True)
_CORRECTABLE = frozenset({Verdict.AUTO_FIXABLE, Verdict.NEEDS_APPROVAL})
_NEVER_AUTO = frozenset({Reason.ZERO_IS_AMBIGUOUS, Reason.UNDECLARED_TOPIC, Reason.DELETES_EVERYTHING})
LOSES_RECORDS = frozenset({Reason.KEEPS_LESS, Reason.CLEANUP_POLICY_CHANGES, Reason.EFFECT_UNREVIEWED})
"""Reasons for which a pattern's ``auto`` is not enough. An effect that nobody reviewed may lose records too."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The owner's wishes for one environment.

    ``config`` holds rules by config key, or by a pattern of keys (``redpanda.*``); a key's own rule comes first, then
    the longest pattern. ``group_of_node`` are patterns of consumer groups in which ``{node}`` stands for a node's name.
    A reader is stuck after ``stuck_after`` without a commit while records arrive. A writer is silent after
    ``silent_after`` where its contract says nothing, or never where that is ``None``. ``max_changed_share`` is the
    share of the declared topics, from 0 to 1, above which a plan is held back. No topic with a record younger than
    ``min_age_to_delete`` is deleted.
    """

    config: Mapping[str, Rule] = field(default_factory=lambda: MappingProxyType({}))
    partitions: Rule = NO_RULE
    replication_factor: Rule = NO_RULE
    missing: Rule = NO_RULE
    orphaned: Rule = NO_RULE
    group_of_node: tuple[str, ...] = ("{node}", "{node}[-._:]*")
    silent_readers: Watch = Watch.AUTO
    stuck_after: timedelta = timedelta(minutes=15)
    silent_after: timedelta | None = None
    max_changed_share: float = 0.3
    min_age_to_delete: timedelta = timedelta(days=7)
    probe: bool = True

    def compare(self, key: str) -> Compare:
        """How a config key is compared."""
        return self._of(key).rule.compare

    def over_config(self, key: str, judgement: Judgement) -> Judgement:
        """The judgement over a config key as the owner wants it."""
        found = self._of(key)
        if found.rule.fix is Fix.AUTO and not found.exact and judgement.reason in LOSES_RECORDS:
            return judgement
        return overruled(judgement, found.rule.fix)

    def _of(self, key: str) -> _Found:
        own = self.config.get(key)
        if own is not None:
            return _Found(own, exact=True)
        matching = [pattern for pattern in self.config if fnmatchcase(key, pattern)]
        if not matching:
            return _BUILT_IN
        return _Found(self.config[max(matching, key=lambda pattern: (len(pattern), pattern))], exact=False)


BUILT_IN_POLICY = Policy()


def overruled(judgement: Judgement, fix: Fix | None) -> Judgement:
    """The judgement as the owner wants it. What cannot be corrected, or was not seen, stays what it is."""
    if fix is None or judgement.verdict not in _CORRECTABLE:
        return judgement
    if fix is Fix.NEVER:
        return Judgement(Verdict.UNFIXABLE, Reason.SETTINGS_NEVER)
    if fix is Fix.ASK and judgement.verdict is Verdict.AUTO_FIXABLE:
        return Judgement(Verdict.NEEDS_APPROVAL, Reason.SETTINGS_ASK)
    if fix is Fix.AUTO and judgement.verdict is Verdict.NEEDS_APPROVAL and judgement.reason not in _NEVER_AUTO:
        return Judgement(Verdict.AUTO_FIXABLE, Reason.SETTINGS_FIX)
    return judgement
