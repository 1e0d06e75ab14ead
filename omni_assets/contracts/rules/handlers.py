"""OM7xx: the handlers of nodes, the order between nodes, and what the records of a topic hold."""

from __future__ import annotations

from omni_assets.contracts.model import Contracts, Elsewhere, Rule, Severity

INVALID_HANDLER = Rule(
    "OM701",
    "invalid-handler",
    Severity.ERROR,
    "A node's handler cannot be used as it stands.",
    "A handler is of kind `llm` and names the `task_class` that the router is to use, of kind `python` and names its "
    "`entry` as `module:function`, or of kind `router`, where the tasks say their class themselves. One that cannot be "
    "used is not read, so that no task of the node is worked on by anything else than was meant.",
    example=Contracts("""\
name: echo
handler: {kind: python, entry: omni_assets.agents.echo.echo}
event_bus:
  subscribe_topics:
    - onex.cmd.echo.echo-requested.v1
"""),
    mended=Contracts("""\
name: echo
handler: {kind: python, entry: "omni_assets.agents.echo:echo"}
event_bus:
  subscribe_topics:
    - onex.cmd.echo.echo-requested.v1
"""),
)
IDLE_HANDLER = Rule(
    "OM702",
    "idle-handler",
    Severity.WARNING,
    "A node has a handler and subscribes nothing.",
    "No record ever comes to the handler. Subscribe what it is to work on, or remove it.",
    example=Contracts("""\
name: reviewer
handler: {kind: llm, task_class: code-review}
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
    mended=Contracts("""\
name: reviewer
handler: {kind: llm, task_class: code-review}
event_bus:
  subscribe_topics:
    - onex.evt.test-runner.tests-passed.v1
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
)
UNKNOWN_TASK_CLASS = Rule(
    "OM703",
    "unknown-task-class",
    Severity.ERROR,
    "A handler names a task class that is not there.",
    "The router refuses a task of a class that it does not know, so every task of the node would fail. Classes of "
    "tasks are files in the folder that the setting `router.task_classes` names.",
    example=Elsewhere(
        "yaml",
        """\
name: reviewer
handler: {kind: llm, task_class: code-reveiw}
event_bus:
  subscribe_topics:
    - onex.evt.test-runner.tests-passed.v1
""",
    ),
    mended=Elsewhere(
        "yaml",
        """\
name: reviewer
handler: {kind: llm, task_class: code-review}
event_bus:
  subscribe_topics:
    - onex.evt.test-runner.tests-passed.v1
""",
    ),
)
INVALID_ORDER = Rule(
    "OM704",
    "invalid-order",
    Severity.ERROR,
    "What a node says it comes `after` is no node.",
    "`after` lists nodes by name, and a node waits for what they do first. One that is not there would be waited for "
    "without end.",
    example=Contracts("""\
name: merger
after: [reveiwer]
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
---
name: reviewer
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
    mended=Contracts("""\
name: merger
after: [reviewer]
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
CIRCULAR_ORDER = Rule(
    "OM705",
    "circular-order",
    Severity.ERROR,
    "Nodes come after one another in a circle.",
    "Each waits for the next, and none of them ever begins. Take out one `after`.",
    example=Contracts("""\
name: merger
after: [reviewer]
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
---
name: reviewer
after: [merger]
event_bus:
  publish_topics:
    - onex.evt.reviewer.review-complete.v1
"""),
    mended=Contracts("""\
name: merger
after: [reviewer]
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
INVALID_SCHEMA = Rule(
    "OM706",
    "invalid-schema",
    Severity.ERROR,
    "The schema of a topic's records cannot be used.",
    "`schema` is a JSON schema, written out below the topic; `schema_ref` is the path of a `.json` file that holds "
    "one, in the folder of the contract. What is no JSON schema, or lies elsewhere, judges no record, and no record is "
    "taken for right without a judgement.",
    example=Contracts("""\
name: echo
event_bus:
  publish_topics:
    - topic: onex.evt.echo.echo-completed.v1
      schema_ref: ../shared/echo.json
"""),
    mended=Contracts("""\
name: echo
event_bus:
  publish_topics:
    - topic: onex.evt.echo.echo-completed.v1
      schema: {type: object, required: [text]}
"""),
)
UNFIT_EXAMPLE = Rule(
    "OM707",
    "unfit-example",
    Severity.ERROR,
    "The example of a topic's records does not fit their schema.",
    "People copy the example, and a handler is tried on it; a record like it would go to the dead letters.",
    example=Elsewhere(
        "yaml",
        """\
name: echo
event_bus:
  publish_topics:
    - topic: onex.evt.echo.echo-completed.v1
      schema: {type: object, required: [text]}
      example: {message: hello}
""",
    ),
    mended=Elsewhere(
        "yaml",
        """\
name: echo
event_bus:
  publish_topics:
    - topic: onex.evt.echo.echo-completed.v1
      schema: {type: object, required: [text]}
      example: {text: hello}
""",
    ),
)
CONFLICTING_SCHEMAS = Rule(
    "OM708",
    "conflicting-schemas",
    Severity.ERROR,
    "Two contracts give the records of one topic different schemas.",
    "What one of them publishes the other would refuse. Say it in one contract, best in that of the publisher, or say "
    "the same in both. Until then the publisher's counts.",
    example=Elsewhere(
        "yaml",
        """\
name: console
event_bus:
  publish_topics:
    - topic: onex.cmd.echo.echo-requested.v1
      schema: {type: object, required: [message]}
---
name: echo
event_bus:
  subscribe_topics:
    - topic: onex.cmd.echo.echo-requested.v1
      schema: {type: object, required: [text]}
""",
    ),
    mended=Elsewhere(
        "yaml",
        """\
name: console
event_bus:
  publish_topics:
    - onex.cmd.echo.echo-requested.v1
---
name: echo
event_bus:
  subscribe_topics:
    - topic: onex.cmd.echo.echo-requested.v1
      schema: {type: object, required: [text]}
""",
    ),
)
UNRECORDED_EFFECTS = Rule(
    "OM709",
    "unrecorded-effects",
    Severity.ERROR,
    "A handler has effects, and its contract does not publish one topic for their intents.",
    "No transaction of the bus covers a merge or a comment. So each effect is written down as an intent before it "
    "happens, in the one topic of the kind `intent` that the contract publishes. After a crash workers see there what "
    "may have happened already. Without that topic, or with several, nobody could.",
    example=Contracts("""\
name: merger
handler: {kind: python, entry: "agents.merger:merge", effects: [merge]}
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
  publish_topics:
    - onex.evt.merger.merge-complete.v1
"""),
    mended=Contracts("""\
name: merger
handler: {kind: python, entry: "agents.merger:merge", effects: [merge]}
event_bus:
  subscribe_topics:
    - onex.evt.reviewer.review-complete.v1
  publish_topics:
    - onex.intent.merger.merge.v1
    - onex.evt.merger.merge-complete.v1
"""),
)
HALF_APPROVALS = Rule(
    "OM710",
    "half-approvals",
    Severity.ERROR,
    "The approvals of a handler do not name two topics.",
    "A node that asks a person publishes its questions in one topic, and subscribes the answers in another. With one "
    "of them a question would never be seen, or never be answered.",
    example=Contracts("""\
name: reviewer
handler:
  kind: python
  entry: "agents.reviewer:review"
  approvals: {requests: onex.evt.reviewer.approval-requested.v1}
event_bus:
  subscribe_topics:
    - onex.evt.test-runner.tests-passed.v1
"""),
    mended=Contracts("""\
name: reviewer
handler:
  kind: python
  entry: "agents.reviewer:review"
  approvals:
    requests: onex.evt.reviewer.approval-requested.v1
    answers: onex.cmd.reviewer.answer-approval.v1
event_bus:
  subscribe_topics:
    - onex.evt.test-runner.tests-passed.v1
"""),
)
SHARED_ANSWERS = Rule(
    "OM711",
    "shared-answers",
    Severity.ERROR,
    "Two nodes take the answers of people from one topic.",
    "A node takes each answer for one to a question of its own, and what is meant for the other node becomes a dead "
    "letter. Questions of several nodes may stand in one topic.",
    example=Contracts("""\
name: reviewer
handler:
  kind: python
  entry: "agents.reviewer:review"
  approvals:
    requests: onex.evt.reviewer.approval-requested.v1
    answers: onex.cmd.person.answer-approval.v1
event_bus:
  subscribe_topics:
    - onex.evt.test-runner.tests-passed.v1
---
name: merger
handler:
  kind: python
  entry: "agents.merger:merge"
  approvals:
    requests: onex.evt.merger.approval-requested.v1
    answers: onex.cmd.person.answer-approval.v1
event_bus:
  subscribe_topics:
    - onex.evt.test-runner.tests-passed.v1
"""),
    mended=Contracts("""\
name: reviewer
handler:
  kind: python
  entry: "agents.reviewer:review"
  approvals:
    requests: onex.evt.reviewer.approval-requested.v1
    answers: onex.cmd.reviewer.answer-approval.v1
event_bus:
  subscribe_topics:
    - onex.evt.test-runner.tests-passed.v1
---
name: merger
handler:
  kind: python
  entry: "agents.merger:merge"
  approvals:
    requests: onex.evt.merger.approval-requested.v1
    answers: onex.cmd.merger.answer-approval.v1
event_bus:
  subscribe_topics:
    - onex.evt.test-runner.tests-passed.v1
"""),
)
