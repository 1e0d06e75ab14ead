"""OM4xx: the registry, and the source code that uses it."""

from __future__ import annotations

from omni_assets.contracts.model import Contracts, Elsewhere, Rule, Severity

STALE_REGISTRY = Rule(
    "OM401",
    "stale-registry",
    Severity.ERROR,
    "The generated registry is not what the contracts declare.",
    "Code that uses it would use other names than the contracts. `omni registry` writes it anew, and so does "
    "`omni check --fix`.",
    example=Elsewhere(
        "console",
        """\
$ git status --short
 M contracts/reviewer/contract.yaml
""",
    ),
    mended=Elsewhere(
        "console",
        """\
$ omni registry
$ git status --short
 M contracts/reviewer/contract.yaml
 M src/topics.py
""",
    ),
)
MEMBER_CLASH = Rule(
    "OM402",
    "member-clash",
    Severity.ERROR,
    "Two topics would have the same member of the registry.",
    "Neither is written, since one would hide the other. Rename one of the topics.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.bot-review-complete.v1
---
name: reviewer-bot
event_bus:
  publish_topics:
    - onex.evt.reviewer-bot.review-complete.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.bot-review-complete.v1
---
name: reviewer-bot
event_bus:
  publish_topics:
    - onex.evt.reviewer-bot.review-done.v1
"""),
)
UNDECLARED_LITERAL = Rule(
    "OM403",
    "undeclared-literal",
    Severity.ERROR,
    "Source code names a topic that no contract declares.",
    "Nobody provisions it, nobody checks it. Declare it in the contract of its node, or use the registry's member of "
    "the topic that was meant.",
    example=Elsewhere(
        "python",
        """\
producer.produce("onex.evt.reviewer.review_complete.v1", key=diff.id, value=verdict)
""",
    ),
    mended=Elsewhere(
        "python",
        """\
producer.produce(Topic.EVT_REVIEWER_REVIEW_COMPLETE_V1, key=diff.id, value=verdict)
""",
    ),
)
UNREAD_SOURCE = Rule(
    "OM404",
    "unread-source",
    Severity.WARNING,
    "A file of the source code was not read.",
    "It could not be opened, or it is larger than source code can sensibly be (8 MiB) and may name topics. Which ones "
    "is not known. Mend its permissions, or list it in `.gitignore` where it is no source code.",
    example=Elsewhere(
        "console",
        """\
$ ls -l src/generated.json
-rw-r--r-- 1 dev dev 31457280 src/generated.json
""",
    ),
    mended=Elsewhere(
        "console",
        """\
$ echo src/generated.json >> .gitignore
""",
    ),
)
