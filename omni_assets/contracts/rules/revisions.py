"""OM5xx: what changed between two revisions."""

from __future__ import annotations

from omni_assets.contracts.model import Elsewhere, Rule, Severity

REMOVED_IN_USE = Rule(
    "OM501",
    "removed-in-use",
    Severity.ERROR,
    "A topic is no longer published, and somebody still subscribes it.",
    "Its subscribers start, and nothing ever arrives. Keep it until they are gone, or change them in the same change.",
    example=Elsewhere(
        "diff",
        """\
 # contracts/reviewer/contract.yaml
   publish_topics:
-    - onex.evt.reviewer.review-complete.v1
     - onex.evt.reviewer.review-failed.v1
""",
    ),
    mended=Elsewhere(
        "diff",
        """\
 # contracts/reviewer/contract.yaml
   publish_topics:
-    - onex.evt.reviewer.review-complete.v1
     - onex.evt.reviewer.review-failed.v1
 # contracts/merger/contract.yaml
   subscribe_topics:
-    - onex.evt.reviewer.review-complete.v1
     - onex.evt.reviewer.review-failed.v1
""",
    ),
)
TOPIC_RENAMED = Rule(
    "OM502",
    "topic-renamed",
    Severity.WARNING,
    "A topic has another name than before.",
    "To a broker it is another topic: the old one keeps its records, and its readers see none of the new ones.",
    example=Elsewhere(
        "diff",
        """\
   publish_topics:
-    - onex.evt.reviewer.review-complete.v1
+    - onex.evt.reviewer.review-completed.v1
""",
    ),
    mended=Elsewhere(
        "diff",
        """\
   publish_topics:
     - onex.evt.reviewer.review-complete.v1
+    - onex.evt.reviewer.review-completed.v1
""",
    ),
)
SETTINGS_CHANGED = Rule(
    "OM503",
    "settings-changed",
    Severity.NOTE,
    "A topic's settings are others than before.",
    "Where the change can hurt those who read the topic (fewer partitions, shorter retention, another cleanup policy, "
    "more partitions of a keyed topic) the finding is a warning and names them.",
    example=Elsewhere(
        "diff",
        """\
     - topic: onex.evt.reviewer.review-complete.v1
-      retention: 30d
+      retention: 1d
""",
    ),
    mended=Elsewhere(
        "diff",
        """\
     - topic: onex.evt.reviewer.review-complete.v1
       retention: 30d
""",
    ),
)
SCHEMA_CHANGED = Rule(
    "OM506",
    "schema-changed",
    Severity.NOTE,
    "The records of a topic have another schema than before.",
    "Where the change can hurt those who read or write the topic (a field that is gone, or needed now; another type; "
    "other values; a keyword of which it cannot be told) the finding is a warning and names them. Add fields that need "
    "not be there, or give the records a topic of the next version.",
    example=Elsewhere(
        "diff",
        """\
     - topic: onex.evt.reviewer.review-complete.v1
       schema:
         type: object
-        required: [verdict]
+        required: [verdict, score]
""",
    ),
    mended=Elsewhere(
        "diff",
        """\
     - topic: onex.evt.reviewer.review-complete.v1
       schema:
         type: object
         required: [verdict]
+        properties: {score: {type: number}}
""",
    ),
)
HANDLER_CHANGED = Rule(
    "OM507",
    "handler-changed",
    Severity.NOTE,
    "Something else works on the records of a node than before.",
    "Another kind, task class or entry does other work on the same records, and another effect reaches outside the "
    "bus: worth a look before it runs. Nobody's topics change.",
    example=Elsewhere(
        "diff",
        """\
 name: reviewer
-handler: {kind: python, entry: "agents.reviewer:review"}
+handler: {kind: llm, task_class: code-review}
""",
    ),
    mended=Elsewhere(
        "diff",
        """\
 name: reviewer
 handler: {kind: python, entry: "agents.reviewer:review"}
""",
    ),
)
TOPIC_ADDED = Rule(
    "OM504",
    "topic-added",
    Severity.NOTE,
    "A topic is declared that was not before.",
    "Provisioning creates it.",
    example=Elsewhere(
        "diff",
        """\
   publish_topics:
     - onex.evt.reviewer.review-complete.v1
+    - onex.evt.reviewer.review-failed.v1
""",
    ),
    mended=Elsewhere(
        "console",
        """\
$ omni provision
""",
    ),
)
TOPIC_REMOVED = Rule(
    "OM505",
    "topic-removed",
    Severity.WARNING,
    "A topic is no longer declared.",
    "On a broker it becomes an orphan: it is neither changed nor deleted.",
    example=Elsewhere(
        "diff",
        """\
   publish_topics:
     - onex.evt.reviewer.review-complete.v1
-    - onex.evt.reviewer.review-failed.v1
""",
    ),
    mended=Elsewhere(
        "diff",
        """\
   publish_topics:
     - onex.evt.reviewer.review-complete.v1
     - onex.evt.reviewer.review-failed.v1
""",
    ),
)
