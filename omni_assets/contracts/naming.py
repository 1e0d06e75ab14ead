"""Topic names: the grammar, its inverse, and the folds under which look-alikes meet.

A grammar is a policy: a template with the fields ``{kind}``, ``{producer}``, ``{event}`` and ``{version}``, the kinds,
and the rule for one segment. The default is ``onex.{kind}.{producer}.{event}.v{version}``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from string import Formatter

MAX_LENGTH = 249
"""Longest topic name in characters that Kafka and Redpanda accept (``Topic.MAX_NAME_LENGTH`` in Apache Kafka)."""

DEFAULT_TEMPLATE = "onex.{kind}.{producer}.{event}.v{version}"
DEFAULT_KINDS = ("cmd", "evt", "intent", "dlq", "snapshot")
DEFAULT_SEGMENT = "[a-z0-9]+(?:-[a-z0-9]+)*"

_FIELDS = frozenset({"kind", "producer", "event", "version"})
_VERSION = "[1-9][0-9]*"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_LEADING_PLACEHOLDER = re.compile(r"^\{[^{}]*\}\.")
_KEBAB_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_SEPARATORS = re.compile(r"[-_.]+")


class InvalidName(ValueError):
    """A string that is not a topic name under the grammar; ``str()`` gives the reason as a clause."""


@dataclass(frozen=True, slots=True, order=True)
class TopicName:
    """The parts of a topic name. ``Grammar.format`` is the inverse of ``Grammar.parse``."""

    kind: str
    producer: str
    event: str
    version: int


@dataclass(frozen=True)
class Grammar:
    """The rule that topic names follow.

    Raises ``ValueError`` where the template lacks one of the four fields or repeats one, a kind is not a segment, or
    the segment rule is not a regular expression.
    """

    template: str = DEFAULT_TEMPLATE
    kinds: tuple[str, ...] = DEFAULT_KINDS
    segment: str = DEFAULT_SEGMENT
    prefix: str = field(init=False)
    _full: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _segment: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        template = self.template.replace("{N}", "{version}")
        pieces = [(literal, name) for literal, name, _, _ in Formatter().parse(template)]
        names = [name for _, name in pieces if name is not None]
        if sorted(names) != sorted(_FIELDS):
            raise ValueError(
                f"the pattern {self.template!r} must hold each of {{kind}}, {{producer}}, {{event}}, {{version}} once"
            )
        try:
            segment = re.compile(self.segment)
        except re.error as error:
            raise ValueError(f"the segment rule {self.segment!r} is not a regular expression: {error}") from None
        if not self.kinds:
            raise ValueError("the list of kinds is empty")
        for kind in self.kinds:
            if not segment.fullmatch(kind):
                raise ValueError(f"the kind {kind!r} does not follow the segment rule {self.segment!r}")
        rules = {
            "kind": "|".join(map(re.escape, sorted(self.kinds, key=len, reverse=True))),
            "producer": self.segment,
            "event": self.segment,
            "version": _VERSION,
        }
        pattern = "".join(
            re.escape(literal) + (f"(?P<{name}>{rules[name]})" if name is not None else "") for literal, name in pieces
        )
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "prefix", pieces[0][0])
        object.__setattr__(self, "_full", re.compile(pattern))
        object.__setattr__(self, "_segment", segment)

    def parse(self, text: str) -> TopicName:
        """The parts of ``text``. Raises ``InvalidName`` with the reason as a clause ("its event segment …")."""
        match = self._full.fullmatch(text)
        if match is None or len(text) > MAX_LENGTH:
            raise InvalidName(self._reason(text))
        return TopicName(match["kind"], match["producer"], match["event"], int(match["version"]))

    def matches(self, text: str) -> bool:
        """Whether ``text`` is a topic name under this grammar."""
        return len(text) <= MAX_LENGTH and self._full.fullmatch(text) is not None

    def format(self, name: TopicName) -> str:
        """The text of a name: ``parse(format(name)) == name``."""
        return self.template.format(kind=name.kind, producer=name.producer, event=name.event, version=name.version)

    def resembles(self, text: str) -> bool:
        """Whether ``text`` looks like a topic, well-formed or not, so that it must be read or reported.

        It does when it follows the grammar, or begins with the grammar's literal prefix, has no white space, and
        either names a kind next or ends as a version.
        """
        if self.prefix:
            text = _LEADING_PLACEHOLDER.sub("", text)
            if not text.lower().startswith(self.prefix.lower()):
                return False
            rest = text[len(self.prefix) :]
            if any(character.isspace() for character in rest):
                return False
            head, _, tail = rest.partition(".")
            if not tail:
                return False
            return fold(head) in self.kinds or _PLACEHOLDER.search(rest) is not None or _ends_as_version(tail)
        return self.matches(text)

    def suggest(self, text: str) -> str | None:
        """The well-formed name that ``text`` most plainly meant: case and separators mended, else ``None``."""
        if not text.startswith(self.prefix):
            return None
        mended = self.prefix + ".".join(
            "-".join(piece.lower() for piece in _KEBAB_BREAK.split(segment) if piece)
            for segment in text[len(self.prefix) :].split(".")
        )
        return mended if mended != text and self.matches(mended) else None

    def _reason(self, text: str) -> str:
        if len(text) > MAX_LENGTH:
            return f"it has {len(text)} characters, and a broker takes at most {MAX_LENGTH}"
        if is_template(text):
            return f"it holds the placeholder {_PLACEHOLDER.findall(text)[0]}"
        if not text.isascii():
            odd = next(character for character in text if not character.isascii())
            return f"it holds the character {odd!r} (U+{ord(odd):04X}), which is not ASCII"
        wanted = self.template.split(".")
        found = text.split(".")
        if len(found) != len(wanted):
            return f"it has {len(found)} segments where `{self.template}` has {len(wanted)}"
        for rule, segment in zip(wanted, found, strict=True):
            reason = self._segment_reason(rule, segment)
            if reason:
                return reason
        return f"it does not follow `{self.template}`"

    def _segment_reason(self, rule: str, segment: str) -> str | None:
        names = [name for _, name, _, _ in Formatter().parse(rule) if name is not None]
        if not names:
            return None if segment == rule else f"it begins with `{segment}` where `{rule}` is expected"
        name = names[0]
        if name == "kind":
            return None if segment in self.kinds else f"its kind `{segment}` is none of {', '.join(self.kinds)}"
        if name == "version":
            shape = re.escape(rule).replace(re.escape("{version}"), _VERSION)
            return (
                None
                if re.fullmatch(shape, segment)
                else f"its version `{segment}` is not {rule.replace('{version}', '<number>')} without leading zeros"
            )
        if self._segment.fullmatch(segment):
            return None
        return f"its {name} segment `{segment}` {_segment_fault(segment)}"


def is_template(text: str) -> bool:
    """Whether ``text`` holds a placeholder such as ``{agent_id}``: such a name is never provisioned literally."""
    return "{" in text and _PLACEHOLDER.search(text) is not None


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """``text`` without case and separators: names that differ only in ``-``, ``_`` and ``.`` fold alike."""
    return _SEPARATORS.sub("", text.lower())


def _segment_fault(segment: str) -> str:
    faults: tuple[tuple[bool, str], ...] = (
        (not segment, "is empty"),
        ("_" in segment, "holds `_`; segments are kebab-case"),
        (segment != segment.lower(), "holds capitals; segments are lower-case"),
        (segment.strip("-") != segment or "--" in segment, "has a stray `-`"),
    )
    return next((fault for holds, fault in faults if holds), "does not follow the segment rule")


def _ends_as_version(text: str) -> bool:
    return re.fullmatch(r"[vV]\d+", text.rpartition(".")[2]) is not None
