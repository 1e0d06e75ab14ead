"""OM0xx: a contract as a file."""

from __future__ import annotations

from omni_assets.contracts.model import Contracts, Elsewhere, Rule, Severity

UNREADABLE = Rule(
    "OM001",
    "unreadable-contract",
    Severity.ERROR,
    "A contract cannot be read.",
    "The file is missing, may not be opened, is not UTF-8, or is larger than a contract can sensibly be (1 MiB; or "
    "aliases and merge keys make it so). Its topics are unknown, so the manifest is incomplete until it is mended.",
    example=Elsewhere(
        "console",
        """\
$ file contracts/reviewer/contract.yaml
contracts/reviewer/contract.yaml: ISO-8859 text
""",
    ),
    mended=Elsewhere(
        "console",
        """\
$ iconv -f latin1 -t utf-8 contracts/reviewer/contract.yaml -o mended && mv mended contracts/reviewer/contract.yaml
$ file contracts/reviewer/contract.yaml
contracts/reviewer/contract.yaml: Unicode text, UTF-8 text
""",
    ),
)
INVALID_YAML = Rule(
    "OM002",
    "invalid-yaml",
    Severity.ERROR,
    "A contract is not one YAML document.",
    "The parser stopped at the place given. Nothing of the file is used, since half a contract would be a different "
    "contract.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics: [onex.evt.reviewer.review-complete.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics: [onex.evt.reviewer.review-complete.v1]
"""),
)
EMPTY = Rule(
    "OM003",
    "empty-contract",
    Severity.ERROR,
    "A contract is empty.",
    "The file holds no YAML document, or only comments. A node without topics says so with an empty `event_bus`.",
    example=Contracts("""\
# The reviewer has no topics yet.
"""),
    mended=Contracts("""\
name: reviewer
event_bus: {}
"""),
)
NOT_A_MAPPING = Rule(
    "OM004",
    "not-a-mapping",
    Severity.ERROR,
    "A contract is not a mapping.",
    "The document is a list or a single value. A contract is a mapping with a `name` and an `event_bus`.",
    example=Contracts("""\
- onex.evt.reviewer.review-complete.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
DUPLICATE_KEY = Rule(
    "OM005",
    "duplicate-key",
    Severity.ERROR,
    "A YAML key stands twice in one mapping.",
    "Most parsers keep the last one in silence, and the topics under the first are lost. Here both are read, and the "
    "contract fails until one is removed.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-started.v1
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
    mended=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-started.v1
    - onex.evt.reviewer.review-complete.v1
"""),
)
DUPLICATE_NODE = Rule(
    "OM006",
    "duplicate-node",
    Severity.ERROR,
    "Two contracts carry the same node name.",
    "A node's name is how owners and consumer groups are found. Both contracts are kept, under the same name.",
    example=Contracts("""\
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
---
name: reviewer
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
UNREADABLE_FOLDER = Rule(
    "OM007",
    "unreadable-folder",
    Severity.ERROR,
    "A folder cannot be searched for contracts.",
    "Contracts in it are unknown, so the manifest is incomplete until the folder can be listed.",
    example=Elsewhere(
        "console",
        """\
$ ls -ld contracts/reviewer
d--------- 2 reviewer reviewer 4096 contracts/reviewer
""",
    ),
    mended=Elsewhere(
        "console",
        """\
$ chmod u=rwx,go=rx contracts/reviewer
$ ls -ld contracts/reviewer
drwxr-xr-x 2 reviewer reviewer 4096 contracts/reviewer
""",
    ),
)
