"""The rules over contracts: a stable code, a severity and an explanation each.

Codes: OM0xx a contract as a file, OM1xx the topics that it declares, OM2xx the wiring between contracts. A code is
never given to another rule.
"""

from __future__ import annotations

from omni_assets.contracts.model import Finding, Location, Rule, Severity

UNREADABLE = Rule(
    "OM001",
    "unreadable-contract",
    Severity.ERROR,
    "A contract cannot be read.",
    "The file is missing, may not be opened, is not UTF-8, or is larger than a contract can sensibly be (1 MiB; or "
    "aliases and merge keys make it so). Its topics are unknown, so the manifest is incomplete until it is mended.",
)
INVALID_YAML = Rule(
    "OM002",
    "invalid-yaml",
    Severity.ERROR,
    "A contract is not one YAML document.",
    "The parser stopped at the place given. Nothing of the file is used, since half a contract would be a different "
    "contract.",
)
EMPTY = Rule(
    "OM003",
    "empty-contract",
    Severity.ERROR,
    "A contract is empty.",
    "The file holds no YAML document, or only comments. A node without topics says so with an empty `event_bus`.",
)
NOT_A_MAPPING = Rule(
    "OM004",
    "not-a-mapping",
    Severity.ERROR,
    "A contract is not a mapping.",
    "The document is a list or a single value. A contract is a mapping with a `name` and an `event_bus`.",
)
DUPLICATE_KEY = Rule(
    "OM005",
    "duplicate-key",
    Severity.ERROR,
    "A YAML key stands twice in one mapping.",
    "Most parsers keep the last one in silence, and the topics under the first are lost. Here both are read, and the "
    "contract fails until one is removed.",
)
DUPLICATE_NODE = Rule(
    "OM006",
    "duplicate-node",
    Severity.ERROR,
    "Two contracts carry the same node name.",
    "A node's name is how owners and consumer groups are found. Both contracts are kept, under the same name.",
)
MALFORMED_NAME = Rule(
    "OM101",
    "malformed-name",
    Severity.ERROR,
    "A declared topic name does not follow the grammar.",
    "A broker would accept the name, a subscriber that spells it right would wait for ever. The topic is not "
    "provisioned.",
)
TEMPLATE_NAME = Rule(
    "OM102",
    "template-name",
    Severity.WARNING,
    "A declared topic name holds a placeholder.",
    "A name such as `onex.evt.mailer.inbox.{agent_id}.v1` stands for many topics. It is never provisioned literally; "
    "put the id into the record's key, or declare each topic.",
)
UNREAD_DECLARATION = Rule(
    "OM103",
    "unread-declaration",
    Severity.WARNING,
    "A string that looks like a topic stands where no declaration form reads it.",
    "It declares nothing: the topic is neither provisioned nor checked because of it. Declare it under `event_bus`. "
    "Where the same contract declares the topic elsewhere nothing is lost, and the finding is a note. A text that "
    "mentions topics among other words is prose, and stays silent.",
)
BAD_SETTING = Rule(
    "OM104",
    "bad-setting",
    Severity.ERROR,
    "A topic setting has a value that no broker could mean.",
    "Partitions and replication factor are whole numbers of at least 1; durations read `7d`, sizes `1GiB`; and a "
    "setting is stated once. The topic is not touched until the value is mended.",
)
UNKNOWN_SETTING = Rule(
    "OM105",
    "unknown-setting",
    Severity.WARNING,
    "A topic setting is not one that a broker knows.",
    "Some brokers reject an unknown configuration key, others ignore it in silence. Under `config` every unknown key "
    "is reported; beside a topic's name only one that is nearly a setting, or that holds some.",
)
CONFLICTING_SETTINGS = Rule(
    "OM106",
    "conflicting-settings",
    Severity.ERROR,
    "Two contracts give one topic different settings.",
    "Which one is meant cannot be known, so the topic is neither created nor changed until they agree. Let one "
    "publisher state the settings.",
)
UNUSED_SETTINGS = Rule(
    "OM107",
    "unused-settings",
    Severity.WARNING,
    "A subscriber states settings for a topic that another contract publishes.",
    "Settings come from publishers. A subscriber's count only while nobody publishes the topic.",
)
UNEXPECTED_SHAPE = Rule(
    "OM108",
    "unexpected-shape",
    Severity.ERROR,
    "A declaration form holds another kind of YAML value than it takes.",
    "For example a single string where a list of topics is expected. What stands there is not read. Where a mapping "
    "is expected and nothing in its place looks like a topic, the finding is a warning.",
)
UNSUPPORTED_SETTING = Rule(
    "OM109",
    "unsupported-setting",
    Severity.NOTE,
    "A config key is left out in this environment.",
    "The environment's `limits.unsupported_config` says that its broker does not take the key: a local broker knows "
    "nothing of tiered storage, say. Elsewhere the key is used as declared.",
)

UNREAD_RULES = (UNREADABLE, INVALID_YAML, EMPTY, NOT_A_MAPPING)
"""Rules whose findings mean that nothing of a contract was read: the manifest lacks what it declares."""

RULES: tuple[Rule, ...] = (
    UNREADABLE,
    INVALID_YAML,
    EMPTY,
    NOT_A_MAPPING,
    DUPLICATE_KEY,
    DUPLICATE_NODE,
    MALFORMED_NAME,
    TEMPLATE_NAME,
    UNREAD_DECLARATION,
    BAD_SETTING,
    UNKNOWN_SETTING,
    CONFLICTING_SETTINGS,
    UNUSED_SETTINGS,
    UNEXPECTED_SHAPE,
    UNSUPPORTED_SETTING,
)


def finding(
    rule: Rule,
    message: str,
    location: Location,
    *,
    topic: str | None = None,
    related: tuple[tuple[Location, str], ...] = (),
    fix: str = "",
    severity: Severity | None = None,
) -> Finding:
    """A finding of ``rule``, with the rule's severity unless another is given."""
    return Finding(rule, message, location, severity or rule.severity, topic, related, fix)


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings by path, line, column and code: the same input gives the same order."""
    return tuple(sorted(findings, key=lambda each: (each.location, each.rule.code, each.message)))
