"""The rules over contracts: a stable code, a severity and an explanation each.

Codes: OM0xx a contract as a file, OM1xx the topics that it declares, OM2xx the wiring between contracts, OM3xx the
settings that judge findings, OM4xx the registry and the source code that uses it, OM5xx what changed between two
revisions. A code is never given to another rule.
"""

from __future__ import annotations

from omni_assets.contracts.model import Rule, Severity

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
UNREADABLE_FOLDER = Rule(
    "OM007",
    "unreadable-folder",
    Severity.ERROR,
    "A folder cannot be searched for contracts.",
    "Contracts in it are unknown, so the manifest is incomplete until the folder can be listed.",
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
ENVIRONMENT_PREFIX = Rule(
    "OM110",
    "environment-prefix",
    Severity.NOTE,
    "A declared name begins with an environment placeholder, which is left out.",
    "`{env}.onex.evt.router.done.v1` is read as `onex.evt.router.done.v1`: environments are profiles of the settings, "
    "each with a broker of its own, so that one name holds everywhere.",
)
LOOK_ALIKE_LETTERS = Rule(
    "OM111",
    "look-alike-letters",
    Severity.ERROR,
    "A name holds letters of another script that look like Latin ones.",
    "A Cyrillic `\u0430` and a Latin `a` are drawn alike and are different names to a broker. No reader can see the "
    "difference, so the finding spells the letters out. The topic is not provisioned.",
)
TERMINAL_EVENT = Rule(
    "OM112",
    "terminal-event",
    Severity.WARNING,
    "A node's terminal event is not among the topics that it publishes.",
    "Whoever waits for the workflow's end waits for ever where nobody publishes the event. Publish it under "
    "`event_bus.publish_topics`, or name the event that the node does publish.",
)
NO_PUBLISHER = Rule(
    "OM201",
    "no-publisher",
    Severity.WARNING,
    "A topic is subscribed, and no contract publishes it.",
    "The subscriber starts, and nothing ever arrives. Declare the publisher in its contract; where it lives outside, "
    "say so with `external_publisher`. For a command the finding is a note, since people and schedules send commands "
    "too.",
)
NO_SUBSCRIBER = Rule(
    "OM202",
    "no-subscriber",
    Severity.NOTE,
    "A topic is published, and no contract subscribes it.",
    "An event that nobody reads is worth knowing, and no mistake. A command that nobody handles is an error: it asks for "
    "something that never happens. Declare the subscriber; where it lives outside, list the topic under "
    "`externally_consumed_topics`.",
)
NEAR_MISS = Rule(
    "OM203",
    "near-miss",
    Severity.ERROR,
    "Two names are nearly the same, and one of them waits for what the other has.",
    "Both are accepted by a broker, both services start, and nothing arrives. A pair is reported only where it explains "
    "something: one side has no counterpart, or both differ in nothing but separators and case. Where the names differ "
    "in the version, the producer or the kind, which can be meant, the finding is a warning.",
)
DEAD_END = Rule(
    "OM204",
    "dead-end",
    Severity.NOTE,
    "A node works for nobody: it subscribes, and nobody reads what it publishes.",
    "The flow ends here. That is right for a node whose effect lies outside the bus, and worth a look for any other.",
)
CYCLE = Rule(
    "OM205",
    "cycle",
    Severity.NOTE,
    "Nodes read, by way of others, what they themselves publish.",
    "Retries and conversations are cycles by design; one that has no end of its own runs for ever.",
)
EXPIRED_EXEMPTION = Rule(
    "OM301",
    "expired-exemption",
    Severity.ERROR,
    "An exemption in the settings has expired.",
    "It no longer covers anything. Mend what it covered, or decide again and give it another date.",
)
UNUSED_EXEMPTION = Rule(
    "OM302",
    "unused-exemption",
    Severity.NOTE,
    "An exemption in the settings covers no finding.",
    "What it covered has been mended, or it was written with another path in mind. Remove it.",
)
STALE_REGISTRY = Rule(
    "OM401",
    "stale-registry",
    Severity.ERROR,
    "The generated registry is not what the contracts declare.",
    "Code that uses it would use other names than the contracts. `omni registry` writes it anew, and so does "
    "`omni check --fix`.",
)
MEMBER_CLASH = Rule(
    "OM402",
    "member-clash",
    Severity.ERROR,
    "Two topics would have the same member of the registry.",
    "Neither is written, since one would hide the other. Rename one of the topics.",
)
UNDECLARED_LITERAL = Rule(
    "OM403",
    "undeclared-literal",
    Severity.ERROR,
    "Source code names a topic that no contract declares.",
    "Nobody provisions it, nobody checks it. Declare it in the contract of its node, or use the registry's member of "
    "the topic that was meant.",
)
REMOVED_IN_USE = Rule(
    "OM501",
    "removed-in-use",
    Severity.ERROR,
    "A topic is no longer published, and somebody still subscribes it.",
    "Its subscribers start, and nothing ever arrives. Keep it until they are gone, or change them in the same change.",
)
TOPIC_RENAMED = Rule(
    "OM502",
    "topic-renamed",
    Severity.WARNING,
    "A topic has another name than before.",
    "To a broker it is another topic: the old one keeps its records, and its readers see none of the new ones.",
)
SETTINGS_CHANGED = Rule(
    "OM503",
    "settings-changed",
    Severity.NOTE,
    "A topic's settings are others than before.",
    "Where the change can hurt those who read the topic (fewer partitions, shorter retention, another cleanup policy, "
    "more partitions of a keyed topic) the finding is a warning and names them.",
)
TOPIC_ADDED = Rule(
    "OM504",
    "topic-added",
    Severity.NOTE,
    "A topic is declared that was not before.",
    "Provisioning creates it.",
)
TOPIC_REMOVED = Rule(
    "OM505",
    "topic-removed",
    Severity.WARNING,
    "A topic is no longer declared.",
    "On a broker it becomes an orphan: it is neither changed nor deleted.",
)

UNREAD_RULES = (UNREADABLE, INVALID_YAML, EMPTY, NOT_A_MAPPING, UNREADABLE_FOLDER)
"""Rules whose findings mean that nothing of a contract was read: the manifest lacks what it declares."""

RULES: tuple[Rule, ...] = (
    UNREADABLE,
    INVALID_YAML,
    EMPTY,
    NOT_A_MAPPING,
    DUPLICATE_KEY,
    DUPLICATE_NODE,
    UNREADABLE_FOLDER,
    MALFORMED_NAME,
    TEMPLATE_NAME,
    UNREAD_DECLARATION,
    BAD_SETTING,
    UNKNOWN_SETTING,
    CONFLICTING_SETTINGS,
    UNUSED_SETTINGS,
    UNEXPECTED_SHAPE,
    UNSUPPORTED_SETTING,
    ENVIRONMENT_PREFIX,
    LOOK_ALIKE_LETTERS,
    TERMINAL_EVENT,
    NO_PUBLISHER,
    NO_SUBSCRIBER,
    NEAR_MISS,
    DEAD_END,
    CYCLE,
    EXPIRED_EXEMPTION,
    UNUSED_EXEMPTION,
    STALE_REGISTRY,
    MEMBER_CLASH,
    UNDECLARED_LITERAL,
    REMOVED_IN_USE,
    TOPIC_RENAMED,
    SETTINGS_CHANGED,
    TOPIC_ADDED,
    TOPIC_REMOVED,
)
