"""OM1xx: the topics that a contract declares."""

from __future__ import annotations

from omni_assets.contracts.model import Contracts, Rule, Severity

MALFORMED_NAME = Rule(
    "OM101",
    "malformed-name",
    Severity.ERROR,
    "A declared topic name does not follow the grammar.",
    "A broker would accept the name, a subscriber that spells it right would wait for ever. The topic is not "
    "provisioned.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review_complete.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
TEMPLATE_NAME = Rule(
    "OM102",
    "template-name",
    Severity.WARNING,
    "A declared topic name holds a placeholder.",
    "A name such as `onex.evt.mailer.inbox.{agent_id}.v1` stands for many topics. It is never provisioned literally; "
    "put the id into the record's key, or declare each topic.",
    example=Contracts("""\
name: mailer
event_bus:
  publish_topics:
    - onex.evt.mailer.inbox-{agent_id}.v1
"""),
    mended=Contracts("""\
name: mailer
event_bus:
  publish_topics:
    - onex.evt.mailer.inbox.v1
"""),
)
UNREAD_DECLARATION = Rule(
    "OM103",
    "unread-declaration",
    Severity.WARNING,
    "A string that looks like a topic stands where no declaration form reads it.",
    "It declares nothing: the topic is neither provisioned nor checked because of it. Declare it under `event_bus`. "
    "Where the same contract declares the topic elsewhere nothing is lost, and the finding is a note. A text that "
    "mentions topics among other words is prose, and stays silent.",
    example=Contracts("""\
name: reviewer
outputs:
  - onex.evt.reviewer.review-complete.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
BAD_SETTING = Rule(
    "OM104",
    "bad-setting",
    Severity.ERROR,
    "A topic setting has a value that no broker could mean.",
    "Partitions and replication factor are whole numbers of at least 1; durations read `7d`, sizes `1GiB`; and a "
    "setting is stated once. The topic is not touched until the value is mended.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - topic: onex.evt.reviewer.review-complete.v1
      partitions: 0
      retention: a week
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - topic: onex.evt.reviewer.review-complete.v1
      partitions: 3
      retention: 7d
"""),
)
UNKNOWN_SETTING = Rule(
    "OM105",
    "unknown-setting",
    Severity.WARNING,
    "A topic setting is not one that a broker knows.",
    "Some brokers reject an unknown configuration key, others ignore it in silence. Under `config` every unknown key "
    "is reported; beside a topic's name only one that is nearly a setting, or that holds some.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - topic: onex.evt.reviewer.review-complete.v1
      config:
        retention.millis: 7d
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - topic: onex.evt.reviewer.review-complete.v1
      config:
        retention.ms: 7d
"""),
)
CONFLICTING_SETTINGS = Rule(
    "OM106",
    "conflicting-settings",
    Severity.ERROR,
    "Two contracts give one topic different settings.",
    "Which one is meant cannot be known, so the topic is neither created nor changed until they agree. Let one "
    "publisher state the settings.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - topic: onex.evt.reviewer.review-complete.v1
      partitions: 3
---
name: second-reviewer
event_bus:
  publish_topics:
    - topic: onex.evt.reviewer.review-complete.v1
      partitions: 6
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - topic: onex.evt.reviewer.review-complete.v1
      partitions: 3
---
name: second-reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
UNUSED_SETTINGS = Rule(
    "OM107",
    "unused-settings",
    Severity.WARNING,
    "A subscriber states settings for a topic that another contract publishes.",
    "Settings come from publishers. A subscriber's count only while nobody publishes the topic.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
---
name: merger
event_bus:
  subscribe_topics:
    - topic: onex.evt.reviewer.review-complete.v1
      partitions: 6
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - topic: onex.evt.reviewer.review-complete.v1
      partitions: 6
---
name: merger
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
UNEXPECTED_SHAPE = Rule(
    "OM108",
    "unexpected-shape",
    Severity.ERROR,
    "A declaration form holds another kind of YAML value than it takes.",
    "For example a single string where a list of topics is expected. What stands there is not read. Where a mapping "
    "is expected and nothing in its place looks like a topic, the finding is a warning.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics: onex.evt.reviewer.review-complete.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
UNSUPPORTED_SETTING = Rule(
    "OM109",
    "unsupported-setting",
    Severity.NOTE,
    "A config key is left out in this environment.",
    "The environment's `limits.unsupported_config` says that its broker does not take the key: a local broker knows "
    "nothing of tiered storage, say. Elsewhere the key is used as declared.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - topic: onex.evt.reviewer.review-complete.v1
      config:
        redpanda.remote.write: true
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - topic: onex.evt.reviewer.review-complete.v1
"""),
)
ENVIRONMENT_PREFIX = Rule(
    "OM110",
    "environment-prefix",
    Severity.NOTE,
    "A declared name begins with an environment placeholder, which is left out.",
    "`{env}.onex.evt.router.done.v1` is read as `onex.evt.router.done.v1`: environments are profiles of the settings, "
    "each with a broker of its own, so that one name holds everywhere.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - '{env}.onex.evt.reviewer.review-complete.v1'
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
LOOK_ALIKE_LETTERS = Rule(
    "OM111",
    "look-alike-letters",
    Severity.ERROR,
    "A name holds letters of another script that look like Latin ones.",
    "A Cyrillic `\u0430` and a Latin `a` are drawn alike and are different names to a broker. No reader can see the "
    "difference, so the finding spells the letters out. The topic is not provisioned.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-c\u043emplete.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
TERMINAL_EVENT = Rule(
    "OM112",
    "terminal-event",
    Severity.WARNING,
    "A node's terminal event is not among the topics that it publishes.",
    "Whoever waits for the workflow's end waits for ever where nobody publishes the event. Publish it under "
    "`event_bus.publish_topics`, or name the event that the node does publish.",
    example=Contracts("""\
name: reviewer
terminal_event: onex.evt.reviewer.review-complete.v1
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-started.v1
"""),
    mended=Contracts("""\
name: reviewer
terminal_event: onex.evt.reviewer.review-complete.v1
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-started.v1
    - onex.evt.reviewer.review-complete.v1
"""),
)
