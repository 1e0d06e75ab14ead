"""Whether contracts declare what source code names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from omni_assets.contracts.findings import finding
from omni_assets.contracts.mentions import Mention, Mentions
from omni_assets.contracts.model import Finding, Location, Manifest, Severity
from omni_assets.contracts.naming import Grammar, InvalidName
from omni_assets.contracts.rules import UNDECLARED_LITERAL
from omni_assets.contracts.source.literals import Literal, with_placeholders
from omni_assets.contracts.wiring.near_miss import NearNames

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_NAME = re.compile(r"(?:[\w.-]|\{[^{}]*\})+", re.ASCII)
_BESIDE_A_TOPIC = re.compile(r"(?:-key|-value|\.(?:avsc|proto|json|ya?ml|py|sql|csv|parquet|md|txt|log))$")
_MOST_NEAR = 3
_LONGEST = 4_096


class Standing(StrEnum):
    """What contracts say of a literal."""

    DECLARED = "declared"
    UNDECLARED = "undeclared"
    TEMPLATE = "template"
    """It has parts that are not known, and at least one declared topic fits it."""
    PART = "part"
    """It is no whole name, and may become one."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A literal's standing, and the finding where it is undeclared."""

    standing: Standing
    finding: Finding | None = None


class Declared:
    """The declared topics, asked about literals. ``members`` are the registry's expressions by topic, if there is one.

    A name that no contract declares is an error. Of one with unknown parts only what holds whatever they are is said:
    that no declared topic can fit it is a warning.
    """

    def __init__(self, manifest: Manifest, grammar: Grammar, members: Mapping[str, str]) -> None:
        self._topics = manifest.topics
        self._grammar = grammar
        self._members = members
        self._mentions = Mentions(grammar)
        self._near = NearNames(manifest.topics, grammar)
        self._segments = grammar.template.count(".") + 1
        self._version = _version_of(grammar.template)
        self._fits = cache(self._any_fits)

    def looks(self, text: str) -> bool:
        """Whether a string of source code is a topic, well-formed or not, a part of one, or a list of some."""
        return bool(self._topics_of(text))

    def whole(self, text: str) -> bool:
        """Whether a text was meant as the whole name of a topic, rather than as a part of one."""
        return any(self._is_whole(mention.name) for mention in self._topics_of(text))

    def judge(self, literal: Literal, path: str) -> list[Judged]:
        """What contracts say of each topic of ``literal``; nothing where it is none."""
        place = Location(path, literal.line, literal.column)
        return [self._judged(mention, place, literal.named) for mention in self._topics_of(literal.text)]

    def _judged(self, mention: Mention, place: Location, named: bool) -> Judged:
        name = mention.name
        if name in self._topics and not mention.disguised:
            return Judged(Standing.DECLARED)
        if _PLACEHOLDER.search(name):
            if self._fits(name):
                return Judged(Standing.TEMPLATE)
            return self._misfit(name, place) if self._is_whole(name) else Judged(Standing.PART)
        if mention.disguised or self._is_whole(name):
            return Judged(Standing.UNDECLARED, self._undeclared(mention, place))
        completed = None if named else self._completed(name)
        return Judged(Standing.PART) if completed is None else self._unfinished(name, completed, place)

    def _topics_of(self, text: str) -> list[Mention]:
        if len(text) > _LONGEST:
            return []
        found = map(self._plain, self._mentions.alone(with_placeholders(text)))
        return [mention for mention in found if mention is not None]

    def _plain(self, mention: Mention) -> Mention | None:
        bare = _BESIDE_A_TOPIC.sub("", mention.name)
        if bare != mention.name and self._is_whole(bare):  # a schema's subject or file, by the name of its topic
            mention = mention._replace(name=bare, written=bare)
        return mention if _NAME.fullmatch(mention.name) or not mention.name.isascii() else None

    def _is_whole(self, name: str) -> bool:
        """Whether ``name`` was meant as a whole name: it has all segments, or its version."""
        filled = _PLACEHOLDER.sub("1", name)
        if not filled[-1:].isalnum():
            return False
        return filled.count(".") + 1 >= self._segments or self._version.search(filled) is not None

    def _any_fits(self, template: str) -> bool:
        pattern = re.compile(".*".join(map(re.escape, _PLACEHOLDER.split(template))))
        return any(map(pattern.fullmatch, self._topics))

    def _completed(self, name: str) -> str | None:
        """The declared topic that is ``name`` and its version, if there is one."""
        for topic in self._topics:
            if topic.startswith(f"{name}.") and self._version.fullmatch(topic[len(name) :]):
                return topic
        return None

    def _undeclared(self, mention: Mention, place: Location) -> Finding:
        name = mention.name
        if mention.disguised:
            why = f": it holds letters that look like those of `{name}`"
        else:
            try:
                self._grammar.parse(name)
                why = ""
            except InvalidName as reason:
                why = f", and {reason}"
        if mention.disguised and name in self._topics:
            return self._finding(f"no contract declares `{mention.written}`{why}.", name, place, name)
        near = self._near.of(name, _MOST_NEAR)
        related = tuple(
            (self._topics[each.name].owner.location, f"declares `{each.name}`; {each.difference(name)}")
            for each in near
        )
        return finding(
            UNDECLARED_LITERAL,
            f"no contract declares `{mention.written}`{why}.",
            place,
            topic=name,
            related=related,
            fix=self._fix(near[0].name) if near else "declare it in the contract of its node",
            near=tuple(each.name for each in near),
        )

    def _misfit(self, template: str, place: Location) -> Judged:
        return Judged(
            Standing.UNDECLARED,
            finding(
                UNDECLARED_LITERAL,
                f"no declared topic fits `{template}`, whatever stands for its placeholders.",
                place,
                severity=Severity.WARNING,
                fix="declare the topics that are meant, or mend the parts that are written out",
            ),
        )

    def _unfinished(self, name: str, topic: str, place: Location) -> Judged:
        message = f"no contract declares `{name}`: it lacks the version."
        return Judged(Standing.UNDECLARED, self._finding(message, name, place, topic))

    def _finding(self, message: str, name: str, place: Location, meant: str) -> Finding:
        owner = self._topics[meant].owner.location
        return finding(
            UNDECLARED_LITERAL,
            message,
            place,
            topic=name,
            related=((owner, f"declares `{meant}`"),),
            fix=self._fix(meant),
            near=(meant,),
        )

    def _fix(self, topic: str) -> str:
        member = self._members.get(topic)
        return f"use `{member}`, which is `{topic}`" if member else f"write `{topic}`"


def _version_of(template: str) -> re.Pattern[str]:
    """How a name ends that has its version, where the template ends so."""
    last = template.rpartition(".")[2]
    sign = last.removesuffix("{version}")
    if last == sign:
        return re.compile(r"(?!)")
    return re.compile(rf"\.{re.escape(sign)}\d+$", re.IGNORECASE)
