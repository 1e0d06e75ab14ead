"""What a draft of a contract says: immutable values. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from omni_assets.contracts.model import NO_SETTINGS, Role, TopicSettings


@dataclass(frozen=True, slots=True)
class DraftTopic:
    """One topic of a draft. ``origin`` says, as a clause, how it is known that the node has it, or that it is guessed;
    ``remarks`` are further clauses for whoever reads the draft. Both may hold any text. ``schema`` and ``example`` of
    its records are JSON text, or empty."""

    name: str
    origin: str
    settings: TopicSettings = NO_SETTINGS
    remarks: tuple[str, ...] = ()
    schema: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """The contract that a node might have. ``outside`` are topics that somebody without a contract has, too, in that
    role; ``purpose`` is what the node is for, or empty."""

    node: str
    publishes: tuple[DraftTopic, ...] = ()
    subscribes: tuple[DraftTopic, ...] = ()
    outside: tuple[tuple[str, Role], ...] = ()
    purpose: str = ""

    @property
    def topics(self) -> int:
        """The number of its declarations."""
        return len(self.publishes) + len(self.subscribes)
