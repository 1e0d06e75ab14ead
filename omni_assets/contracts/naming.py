"""Topic names: the grammar, its inverse, and the folds under which look-alikes meet.

A grammar is a policy: a template with the fields ``{kind}``, ``{producer}``, ``{event}`` and ``{version}``, the kinds
and what they mean, and the rule for one segment. The default is ``onex.{kind}.{producer}.{event}.v{version}``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from string import Formatter
from typing import TypeAlias

MAX_LENGTH = 249
"""Longest topic name in characters that Kafka and Redpanda accept (``Topic.MAX_NAME_LENGTH`` in Apache Kafka)."""

DEFAULT_TEMPLATE = "onex.{kind}.{producer}.{event}.v{version}"
DEFAULT_KINDS = ("cmd", "evt", "intent", "dlq", "snapshot")
DEFAULT_SEGMENT = "[a-z0-9]+(?:-[a-z0-9]+)*"
DEFAULT_COMMAND_KINDS = ("cmd",)
DEFAULT_DEAD_LETTER_KINDS = ("dlq",)
DEFAULT_INTENT_KINDS = ("intent",)

_FIELDS = frozenset({"kind", "producer", "event", "version"})
_VERSION_DIGITS = 9
_VERSION = f"[1-9][0-9]{{0,{_VERSION_DIGITS - 1}}}"
_LEGAL = "[A-Za-z0-9._-]"
_ILLEGAL = re.compile("[^A-Za-z0-9._-]")
_WHITE_SPACE = re.compile(r"\s")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_LEADING_PLACEHOLDERS = re.compile(r"(?:(?:\$?\{[^{}]*\}|\{\{[^{}]*\}\}|<[^<>]*>)\.)+")
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_SEPARATORS = re.compile(r"[-_.]+")
_JOINERS = ("-", "_", "")
_LONGEST_KIND = 40

Pieces: TypeAlias = tuple[tuple[str, str | None], ...]
"""A template taken apart: the literal before each field, and the field's name."""


class InvalidName(ValueError):
    """A string that is not a topic name under the grammar; ``str()`` gives the reason as a clause."""


@dataclass(frozen=True, slots=True, order=True)
class TopicName:
    """The parts of a topic name. ``Grammar.format`` is the inverse of ``Grammar.parse``.

    ``event`` is empty in a name that leaves it out, as some kinds may.
    """

    kind: str
    producer: str
    event: str
    version: int


@dataclass(frozen=True)
class Grammar:
    """The rule that topic names follow.

    ``command_kinds`` ask for something, ``dead_letter_kinds`` hold what could not be handled, ``intent_kinds`` what is
    about to happen outside the bus, and names of ``kinds_without_event`` may leave the event out, with the sign before
    it.

    Raises ``ValueError`` where the template lacks one of the four fields or repeats one, a broker could not take such
    names, a kind is not a segment, the segment rule is not a regular expression, or a name could be read in two ways.
    """

    template: str = DEFAULT_TEMPLATE
    kinds: tuple[str, ...] = DEFAULT_KINDS
    segment: str = DEFAULT_SEGMENT
    command_kinds: tuple[str, ...] = DEFAULT_COMMAND_KINDS
    dead_letter_kinds: tuple[str, ...] = DEFAULT_DEAD_LETTER_KINDS
    intent_kinds: tuple[str, ...] = DEFAULT_INTENT_KINDS
    kinds_without_event: tuple[str, ...] = ()
    prefix: str = field(init=False)
    _short_template: str = field(init=False, repr=False, compare=False)
    _folded_kinds: frozenset[str] = field(init=False, repr=False, compare=False)
    _kind_position: int = field(init=False, repr=False, compare=False)
    _full: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _short: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    _segment: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _version_end: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        template = self.template.replace("{N}", "{version}")
        pieces = _pieces(self.template, template)
        segment = _compiled(self.segment, self.segment)
        _check_kinds(self.kinds, segment, self.segment)
        _check_unambiguous(pieces, self.kinds[0], segment)
        short = _without_event(pieces)
        if self.kinds_without_event:
            _check_short(self.kinds_without_event, self.kinds, short, segment)
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "prefix", pieces[0][0])
        object.__setattr__(self, "_short_template", _text(short))
        object.__setattr__(self, "_folded_kinds", frozenset(map(fold, self.kinds)))
        object.__setattr__(self, "_kind_position", template.removeprefix(pieces[0][0]).split("{kind}")[0].count("."))
        object.__setattr__(self, "_full", _pattern(pieces, self.kinds, self.segment))
        object.__setattr__(
            self,
            "_short",
            _pattern(short, self.kinds_without_event, self.segment) if self.kinds_without_event else None,
        )
        object.__setattr__(self, "_segment", segment)
        object.__setattr__(self, "_version_end", _version_end(pieces))

    def parse(self, text: str) -> TopicName:
        """The parts of ``text``. Raises ``InvalidName`` with the reason as a clause ("its event segment …")."""
        match = self._full.fullmatch(text)
        if match is not None:
            return TopicName(match["kind"], match["producer"], match["event"], int(match["version"]))
        match = self._short.fullmatch(text) if self._short is not None else None
        if match is not None:
            return TopicName(match["kind"], match["producer"], "", int(match["version"]))
        raise InvalidName(self._reason(text))

    def matches(self, text: str) -> bool:
        """Whether ``text`` is a topic name under this grammar."""
        if self._full.fullmatch(text) is not None:
            return True
        return self._short is not None and self._short.fullmatch(text) is not None

    def format(self, name: TopicName) -> str:
        """The text of a name: ``parse(format(name)) == name``."""
        template = self.template if name.event else self._short_template
        return template.format(kind=name.kind, producer=name.producer, event=name.event, version=name.version)

    def is_command(self, kind: str) -> bool:
        """Whether topics of ``kind`` ask a node to do something."""
        return kind in self.command_kinds

    def is_dead_letter(self, kind: str) -> bool:
        """Whether topics of ``kind`` hold what could not be handled."""
        return kind in self.dead_letter_kinds

    def is_intent(self, kind: str) -> bool:
        """Whether topics of ``kind`` hold what a node is about to do outside the bus."""
        return kind in self.intent_kinds

    def resembles(self, text: str) -> bool:
        """Whether ``text`` looks like a topic, well-formed or not, so that it must be read or reported.

        It does when it is a name; or begins with the grammar's literal prefix, has no white space, and names a kind
        in its place, holds a placeholder, or ends as a version. Placeholders in front (``{env}.``), and literal
        segments in front of a well-formed name (``dev.``), make no difference.
        """
        _, bare = split_placeholders(text)
        if _WHITE_SPACE.search(bare):
            return False
        prefix = self.prefix.lower()
        if not bare.lower().startswith(prefix):
            _, found, rest = bare.partition(f".{self.prefix}")
            return bool(found) and self.matches(self.prefix + rest)
        if self.matches(bare):
            return True
        rest = bare[len(prefix) :]
        segments = rest.split(".", self._kind_position + 1)
        kind = segments[self._kind_position] if len(segments) > self._kind_position else ""
        names_a_kind = len(kind) <= _LONGEST_KIND and fold(kind) in self._folded_kinds
        ends_as_version = self._version_end.search(rest) is not None
        if not prefix:
            return names_a_kind and ends_as_version
        return len(segments) > 1 and bool(segments[-1]) and (names_a_kind or is_template(rest) or ends_as_version)

    def suggest(self, text: str) -> str | None:
        """The well-formed name that ``text`` most plainly meant: case and separators mended, else ``None``."""
        if not text.lower().startswith(self.prefix.lower()) or len(text) > MAX_LENGTH:
            return None
        words = [
            [piece.lower() for piece in _WORD_BREAK.split(segment) if piece]
            for segment in text[len(self.prefix) :].strip().split(".")
        ]
        mended = (self.prefix + ".".join(map(joiner.join, words)) for joiner in _JOINERS)
        return next((each for each in mended if each != text and self.matches(each)), None)

    def _reason(self, text: str) -> str:
        if not text:
            return "it is empty"
        if len(text) > MAX_LENGTH:
            return f"it has {len(text)} characters, and a broker takes at most {MAX_LENGTH}"
        if is_template(text):
            return f"it holds the placeholder {_PLACEHOLDER.findall(text)[0]}"
        odd = _ILLEGAL.search(text)
        if odd is not None:
            return _oddity(odd[0])
        wanted = self.template.split(".")
        found = text.split(".")
        if self._short is not None and len(found) == self._short_template.count(".") + 1 != len(wanted):
            wanted = self._short_template.split(".")
            kind = found[wanted.index("{kind}")] if "{kind}" in wanted else ""
            if kind in self.kinds and kind not in self.kinds_without_event:
                return f"names of its kind `{kind}` hold an event: `{self.template}`"
        if len(found) != len(wanted):
            segments = "1 segment" if len(found) == 1 else f"{len(found)} segments"
            return f"it has {segments} where `{self.template}` has {len(wanted)}"
        reasons = (self._segment_reason(rule, segment) for rule, segment in zip(wanted, found, strict=True))
        return next(filter(None, reasons), f"it does not follow `{self.template}`")

    def _segment_reason(self, rule: str, segment: str) -> str | None:
        fields = [name for name in _FIELDS if f"{{{name}}}" in rule]
        if not fields:
            return None if segment == rule else f"it has `{segment}` where `{rule}` is expected"
        if rule == "{kind}":
            return None if segment in self.kinds else f"its kind `{segment}` is none of {', '.join(self.kinds)}"
        if fields == ["version"]:
            shape = re.escape(rule).replace(re.escape("{version}"), _VERSION)
            if re.fullmatch(shape, segment):
                return None
            if re.fullmatch(shape.replace(_VERSION, "[1-9][0-9]*"), segment):
                return f"its version `{segment}` has more than {_VERSION_DIGITS} digits"
            return f"its version `{segment}` is not {rule.replace('{version}', '<number>')} without leading zeros"
        if rule == f"{{{fields[0]}}}" and not self._segment.fullmatch(segment):
            return f"its {fields[0]} segment `{segment}` {self._segment_fault(segment)}"
        return None

    def _segment_fault(self, segment: str) -> str:
        kebab = self.segment == DEFAULT_SEGMENT
        faults: tuple[tuple[bool, str], ...] = (
            (not segment, "is empty"),
            (kebab and "_" in segment, "holds `_`; segments are kebab-case"),
            (kebab and segment != segment.lower(), "holds capitals; segments are lower-case"),
            (kebab and (segment.strip("-") != segment or "--" in segment), "has a stray `-`"),
        )
        return next((fault for holds, fault in faults if holds), f"does not follow `{self.segment}`")


def _pieces(stated: str, template: str) -> Pieces:
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"the pattern {stated!r} cannot be read: {error}") from None
    names = sorted(name for _, name, _, _ in parsed if name is not None)
    if names != sorted(_FIELDS) or any(spec or conversion for _, _, spec, conversion in parsed):
        raise ValueError(
            f"the pattern {stated!r} must hold {{kind}}, {{producer}}, {{event}} and {{version}}, each once, alone"
        )
    if not all(re.fullmatch(f"{_LEGAL}*", literal) for literal, _, _, _ in parsed):
        raise ValueError(f"the pattern {stated!r} holds a character that no broker takes in a topic name")
    return tuple((literal, name) for literal, name, _, _ in parsed)


def _text(pieces: Pieces) -> str:
    return "".join(literal + (f"{{{name}}}" if name is not None else "") for literal, name in pieces)


def _without_event(pieces: Pieces) -> Pieces:
    """The pieces without the event and the sign before it, or after it where nothing but the prefix comes before."""
    at = next(position for position, (_, name) in enumerate(pieces) if name == "event")
    before, after = pieces[:at], pieces[at + 1 :]
    if at == 0 and after:
        return ((pieces[0][0], after[0][1]), *after[1:])
    return (*before, *after)


def _pattern(pieces: Pieces, kinds: tuple[str, ...], segment: str) -> re.Pattern[str]:
    rules = {
        "kind": "|".join(map(re.escape, sorted(kinds, key=len, reverse=True))),
        "producer": segment,
        "event": segment,
        "version": _VERSION,
    }
    pattern = "".join(
        re.escape(literal) + (f"(?P<{name}>{rules[name]})" if name is not None else "") for literal, name in pieces
    )
    return _compiled(f"(?={_LEGAL}{{1,{MAX_LENGTH}}}\\Z){pattern}", segment)


def _version_end(pieces: Pieces) -> re.Pattern[str]:
    """How a name ends that was meant as one: with its version, where the template ends so, else with any ``v1``."""
    literal, name = pieces[-1]
    sign = literal.rpartition(".")[2] if name == "version" else "v"
    before = r"(?:^|\.)" if name != "version" or "." in literal or not literal else ""
    return re.compile(f"{before}{re.escape(sign)}\\d+$", re.IGNORECASE)


def _compiled(pattern: str, segment: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the segment rule {segment!r} is not a regular expression for one segment: {error}") from None


def _check_kinds(kinds: tuple[str, ...], segment: re.Pattern[str], rule: str) -> None:
    if not kinds:
        raise ValueError("the list of kinds is empty")
    if segment.fullmatch(""):
        raise ValueError(f"the segment rule {rule!r} takes an empty segment")
    for kind in kinds:
        if not segment.fullmatch(kind) or not re.fullmatch(f"{_LEGAL}+", kind):
            raise ValueError(f"the kind {kind!r} does not follow the segment rule {rule!r}")


def _check_unambiguous(pieces: tuple[tuple[str, str | None], ...], sample: str, segment: re.Pattern[str]) -> None:
    between = [literal for literal, name in pieces[1:] if name is not None]
    for literal in between:
        if not literal:
            raise ValueError("nothing stands between two fields of the pattern, so a name could be read in two ways")
        if segment.fullmatch(f"{sample}{literal}{sample}"):
            raise ValueError(
                f"a segment may itself hold {literal!r}, which stands between two fields of the pattern, "
                "so a name could be read in two ways"
            )


def _check_short(allowed: tuple[str, ...], kinds: tuple[str, ...], short: Pieces, segment: re.Pattern[str]) -> None:
    for kind in allowed:
        if kind not in kinds:
            raise ValueError(f"the kind {kind!r} of `kinds_without_event` is none of {', '.join(kinds)}")
    try:
        _check_unambiguous(short, kinds[0], segment)
    except ValueError as error:
        raise ValueError(f"without the event, {error}") from None


def split_placeholders(text: str) -> tuple[str, str]:
    """``text`` as the placeholders in front of it (``{env}.``, ``${ENV}.``, ``{{env}}.``, ``<env>.``), and the rest."""
    if not text.startswith(("{", "$", "<")):
        return "", text
    match = _LEADING_PLACEHOLDERS.match(text)
    return (match[0], text[match.end() :]) if match else ("", text)


def is_template(text: str) -> bool:
    """Whether ``text`` holds a placeholder such as ``{agent_id}``: such a name is never provisioned literally."""
    return "{" in text and _PLACEHOLDER.search(text) is not None


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """``text`` without case and separators: names that differ only in ``-``, ``_`` and ``.`` fold alike."""
    return _SEPARATORS.sub("", text.lower())


def _oddity(character: str) -> str:
    if character.isspace():
        return "it holds white space"
    if character.isascii():
        return f"it holds {character!r}, which no broker takes"
    return f"it holds the character {character!r} (U+{ord(character):04X}), which is not ASCII"
