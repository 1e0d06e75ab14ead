"""What should exist: contracts, the topics that they declare, and the manifest over all of them.

All types here are immutable values. Lines and columns count from 1, as editors do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from omni_assets.contracts.naming import TopicName


class Location(NamedTuple):
    """A place in a contract. ``line`` and ``column`` count from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Role(StrEnum):
    """What a node does with a topic that it declares."""

    PUBLISHES = "publishes"
    SUBSCRIBES = "subscribes"

    @property
    def other(self) -> Role:
        """What is done at the topic's other end."""
        return Role.SUBSCRIBES if self is Role.PUBLISHES else Role.PUBLISHES


class Severity(StrEnum):
    """How much a finding matters: errors fail a check, warnings do with ``--strict``, notes never."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Contracts:
    """An example in contracts, as YAML documents: whoever checks them sees the rule at work."""

    text: str

    @property
    def texts(self) -> tuple[str, ...]:
        """The contracts, one by one."""
        return tuple(self.text.split("---\n"))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An example outside contracts: settings, source code, a command. ``language`` is what Markdown calls it."""

    language: str
    text: str


Example: TypeAlias = Contracts | Elsewhere


@dataclass(frozen=True, slots=True)
class Rule:
    """A stable code and what it stands for. ``explanation`` is Markdown, for a person who meets the code first.

    ``example`` breaks the rule, ``mended`` is the same put right.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    explanation: str
    example: Example = field(compare=False, repr=False)
    mended: Example = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or worth knowing, at one place.

    ``related`` are other places that belong to it; ``fix`` is what to write instead, or empty. ``near`` are names of
    topics that are nearly ``topic``, best first.
    """

    rule: Rule
    message: str
    location: Location
    severity: Severity
    topic: str | None = None
    related: tuple[tuple[Location, str], ...] = ()
    fix: str = ""
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """Settings as declared; ``None`` and an absent key mean "not stated". Config values are normalised text.

    ``expected_every`` is in milliseconds: at the latest after that long another record is expected.
    """

    partitions: int | None = None
    replication_factor: int | None = None
    keyed: bool | None = None
    config: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    expected_every: int | None = None

    def __bool__(self) -> bool:
        stated = (self.partitions, self.replication_factor, self.keyed, self.expected_every)
        return bool(self.config) or any(value is not None for value in stated)


NO_SETTINGS = TopicSettings()


@dataclass(frozen=True, slots=True)
class Declaration:
    """A node publishes or subscribes a topic, at a file and line. ``form`` is the key path that said so."""

    topic: str
    role: Role
    node: str
    form: str
    location: Location
    settings: TopicSettings = NO_SETTINGS


@dataclass(frozen=True, slots=True)
class Outside:
    """A contract says that somebody without a contract here publishes, or subscribes, a topic."""

    topic: str
    role: Role
    location: Location


class HandlerKind(StrEnum):
    """What works on a node's records: a model by way of the router, a function in Python, or the router itself, for
    tasks that say their class."""

    LLM = "llm"
    PYTHON = "python"
    ROUTER = "router"


class Approvals(NamedTuple):
    """The topics by which a node asks a person, and is answered."""

    requests: str
    answers: str


@dataclass(frozen=True, slots=True)
class Handler:
    """What works on the records that a node subscribes: ``task_class`` is the router's, for the kind ``llm``; ``entry``
    is ``module:function``, for the kind ``python``. ``effects`` names what it does outside the bus, and ``intents`` is
    the topic where that is written down first. ``sample`` is a function, too: it makes what its examples are about.
    """

    kind: HandlerKind
    location: Location
    task_class: str = ""
    entry: str = ""
    effects: tuple[str, ...] = ()
    intents: str = ""
    approvals: Approvals | None = None
    sample: str = ""


class After(NamedTuple):
    """A node that another one comes after, and where it says so."""

    node: str
    location: Location


@dataclass(frozen=True, slots=True)
class Payload:
    """What a contract says of the records of a topic: a JSON schema and an example, each as JSON text or empty.

    ``schema_ref`` is the path of a file with the schema, from the folder of the contract. ``flaw`` says, as a clause,
    why the schema cannot be used; empty when all is well.
    """

    topic: str
    location: Location
    schema: str = ""
    schema_ref: str = ""
    example: str = ""
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """One ``contract.yaml`` as read. ``digest`` is the SHA-256 of its bytes in hex, empty when it was not readable.

    ``misnamed`` are declarations whose name does not follow the grammar: they declare no topic, and are what a near
    miss is looked for. ``description`` is what the contract says that its node is for, on one line and cut where it is
    long; empty where it says nothing.
    """

    node: str
    location: Location
    declarations: tuple[Declaration, ...]
    findings: tuple[Finding, ...]
    digest: str = ""
    misnamed: tuple[Declaration, ...] = ()
    outside: tuple[Outside, ...] = ()
    handler: Handler | None = None
    order: tuple[After, ...] = ()
    payloads: tuple[Payload, ...] = ()
    description: str = ""

    @property
    def after(self) -> tuple[str, ...]:
        """The nodes that this one comes after."""
        return tuple(each.node for each in self.order)


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What a topic should be: ``None`` leaves a setting to the broker. Config values are normalised text.

    ``expected_every`` is what its publishers promise, in milliseconds: no broker knows of it.
    """

    partitions: int | None
    replication_factor: int | None
    keyed: bool | None
    config: Mapping[str, str]
    expected_every: int | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """A declared topic. ``blocked`` says, as a clause, why nothing may touch it; empty when all is well.

    ``outside`` are the publishers and subscribers that have no contract here, and that one of its contracts names.
    """

    name: str
    parts: TopicName
    spec: TopicSpec
    publishers: tuple[Declaration, ...]
    subscribers: tuple[Declaration, ...]
    blocked: str = ""
    outside: tuple[Outside, ...] = ()

    @property
    def owner(self) -> Declaration:
        """The declaration that answers for the topic: its first publisher, or its first subscriber if it has none."""
        return (self.publishers or self.subscribers)[0]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that the contracts declare: topics by name, in order, and every finding on the way."""

    contracts: tuple[Contract, ...]
    topics: Mapping[str, Topic]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that are errors, in order."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def digest(self) -> str:
        """SHA-256 in hex over the contracts' digests by path: equal when and only when the same bytes were read."""
        lines = sorted(f"{contract.location.path}\0{contract.digest}" for contract in self.contracts)
        return sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()
