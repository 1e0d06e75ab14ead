"""OM2xx: the wiring between contracts."""

from __future__ import annotations

from omni_assets.contracts.model import Contracts, Rule, Severity

NO_PUBLISHER = Rule(
    "OM201",
    "no-publisher",
    Severity.WARNING,
    "A topic is subscribed, and no contract publishes it.",
    "The subscriber starts, and nothing ever arrives. Declare the publisher in its contract; where it lives outside, "
    "say so with `external_publisher`. For a command the finding is a note, since people and schedules send commands "
    "too.",
    example=Contracts("""\
name: merger
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
    mended=Contracts("""\
name: merger
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
---
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
NO_SUBSCRIBER = Rule(
    "OM202",
    "no-subscriber",
    Severity.NOTE,
    "A topic is published, and no contract subscribes it.",
    "An event that nobody reads is worth knowing, and no mistake. A command that nobody handles is an error: it asks "
    "for something that never happens. Declare the subscriber; where it lives outside, list the topic under "
    "`externally_consumed_topics`.",
    example=Contracts("""\
name: planner
event_bus:
  publish_topics:
    - onex.cmd.reviewer.review-diff.v1
"""),
    mended=Contracts("""\
name: planner
event_bus:
  publish_topics:
    - onex.cmd.reviewer.review-diff.v1
---
name: reviewer
event_bus:
  subscribe_topics:
    - onex.cmd.reviewer.review-diff.v1
"""),
)
NEAR_MISS = Rule(
    "OM203",
    "near-miss",
    Severity.ERROR,
    "Two names are nearly the same, and one of them waits for what the other has.",
    "Both are accepted by a broker, both services start, and nothing arrives. A pair is reported only where it "
    "explains something: one side has no counterpart, or both differ in nothing but separators and case. Where the "
    "names differ in the version, the producer or the kind, which can be meant, the finding is a warning. So it is "
    "where one node publishes both, and only one of them is read.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-completed.v1
---
name: merger
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
---
name: merger
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
DEAD_END = Rule(
    "OM204",
    "dead-end",
    Severity.NOTE,
    "A node works for nobody: it subscribes, and nobody reads what it publishes.",
    "The flow ends here. That is right for a node whose effect lies outside the bus, and worth a look for any other.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
---
name: merger
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
  publish_topics:
    - onex.evt.merger.branch-merged.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
---
name: merger
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
  publish_topics:
    - onex.evt.merger.branch-merged.v1
---
name: watcher
event_bus:
  subscribe_topics:
    - onex.evt.merger.branch-merged.v1
"""),
)
CYCLE = Rule(
    "OM205",
    "cycle",
    Severity.NOTE,
    "Nodes read, by way of others, what they themselves publish.",
    "Retries and conversations are cycles by design; one that has no end of its own runs for ever.",
    example=Contracts("""\
name: reviewer
event_bus:
  subscribe_topics:
    - onex.evt.fixer.fix-proposed.v1
  publish_topics:
    - onex.evt.reviewer.fault-found.v1
---
name: fixer
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.fault-found.v1
  publish_topics:
    - onex.evt.fixer.fix-proposed.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.fault-found.v1
---
name: fixer
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.fault-found.v1
  publish_topics:
    - onex.evt.fixer.fix-proposed.v1
---
name: merger
event_bus:
  subscribe_topics:
    - onex.evt.fixer.fix-proposed.v1
"""),
)
