"""The rules over contracts: a stable code, a severity, an explanation and an example each.

Codes: OM0xx a contract as a file, OM1xx the topics that it declares, OM2xx the wiring between contracts, OM3xx the
settings that judge findings, OM4xx the registry and the source code that uses it, OM5xx what changed between two
revisions, OM6xx the models and task classes of the router, OM7xx the handlers of nodes and the records that they work
on. A code is never given to another rule.
"""

from __future__ import annotations

from omni_assets.contracts.model import Rule
from omni_assets.contracts.rules.declarations import BAD_SETTING as BAD_SETTING
from omni_assets.contracts.rules.declarations import CONFLICTING_SETTINGS as CONFLICTING_SETTINGS
from omni_assets.contracts.rules.declarations import ENVIRONMENT_PREFIX as ENVIRONMENT_PREFIX
from omni_assets.contracts.rules.declarations import LOOK_ALIKE_LETTERS as LOOK_ALIKE_LETTERS
from omni_assets.contracts.rules.declarations import MALFORMED_NAME as MALFORMED_NAME
from omni_assets.contracts.rules.declarations import TEMPLATE_NAME as TEMPLATE_NAME
from omni_assets.contracts.rules.declarations import TERMINAL_EVENT as TERMINAL_EVENT
from omni_assets.contracts.rules.declarations import UNEXPECTED_SHAPE as UNEXPECTED_SHAPE
from omni_assets.contracts.rules.declarations import UNKNOWN_SETTING as UNKNOWN_SETTING
from omni_assets.contracts.rules.declarations import UNREAD_DECLARATION as UNREAD_DECLARATION
from omni_assets.contracts.rules.declarations import UNSUPPORTED_SETTING as UNSUPPORTED_SETTING
from omni_assets.contracts.rules.declarations import UNUSED_SETTINGS as UNUSED_SETTINGS
from omni_assets.contracts.rules.documents import DUPLICATE_KEY as DUPLICATE_KEY
from omni_assets.contracts.rules.documents import DUPLICATE_NODE as DUPLICATE_NODE
from omni_assets.contracts.rules.documents import EMPTY as EMPTY
from omni_assets.contracts.rules.documents import INVALID_YAML as INVALID_YAML
from omni_assets.contracts.rules.documents import NOT_A_MAPPING as NOT_A_MAPPING
from omni_assets.contracts.rules.documents import UNREADABLE as UNREADABLE
from omni_assets.contracts.rules.documents import UNREADABLE_FOLDER as UNREADABLE_FOLDER
from omni_assets.contracts.rules.handlers import CIRCULAR_ORDER as CIRCULAR_ORDER
from omni_assets.contracts.rules.handlers import CONFLICTING_SCHEMAS as CONFLICTING_SCHEMAS
from omni_assets.contracts.rules.handlers import HALF_APPROVALS as HALF_APPROVALS
from omni_assets.contracts.rules.handlers import IDLE_HANDLER as IDLE_HANDLER
from omni_assets.contracts.rules.handlers import INVALID_HANDLER as INVALID_HANDLER
from omni_assets.contracts.rules.handlers import INVALID_ORDER as INVALID_ORDER
from omni_assets.contracts.rules.handlers import INVALID_SCHEMA as INVALID_SCHEMA
from omni_assets.contracts.rules.handlers import SHARED_ANSWERS as SHARED_ANSWERS
from omni_assets.contracts.rules.handlers import UNFIT_EXAMPLE as UNFIT_EXAMPLE
from omni_assets.contracts.rules.handlers import UNKNOWN_TASK_CLASS as UNKNOWN_TASK_CLASS
from omni_assets.contracts.rules.handlers import UNRECORDED_EFFECTS as UNRECORDED_EFFECTS
from omni_assets.contracts.rules.judging import EXPIRED_EXEMPTION as EXPIRED_EXEMPTION
from omni_assets.contracts.rules.judging import UNUSED_EXEMPTION as UNUSED_EXEMPTION
from omni_assets.contracts.rules.registry import MEMBER_CLASH as MEMBER_CLASH
from omni_assets.contracts.rules.registry import STALE_REGISTRY as STALE_REGISTRY
from omni_assets.contracts.rules.registry import UNDECLARED_LITERAL as UNDECLARED_LITERAL
from omni_assets.contracts.rules.registry import UNREAD_SOURCE as UNREAD_SOURCE
from omni_assets.contracts.rules.revisions import HANDLER_CHANGED as HANDLER_CHANGED
from omni_assets.contracts.rules.revisions import REMOVED_IN_USE as REMOVED_IN_USE
from omni_assets.contracts.rules.revisions import SCHEMA_CHANGED as SCHEMA_CHANGED
from omni_assets.contracts.rules.revisions import SETTINGS_CHANGED as SETTINGS_CHANGED
from omni_assets.contracts.rules.revisions import TOPIC_ADDED as TOPIC_ADDED
from omni_assets.contracts.rules.revisions import TOPIC_REMOVED as TOPIC_REMOVED
from omni_assets.contracts.rules.revisions import TOPIC_RENAMED as TOPIC_RENAMED
from omni_assets.contracts.rules.routing import INVALID_CATALOG as INVALID_CATALOG
from omni_assets.contracts.rules.routing import INVALID_TASK_CLASS as INVALID_TASK_CLASS
from omni_assets.contracts.rules.wiring import CYCLE as CYCLE
from omni_assets.contracts.rules.wiring import DEAD_END as DEAD_END
from omni_assets.contracts.rules.wiring import NEAR_MISS as NEAR_MISS
from omni_assets.contracts.rules.wiring import NO_PUBLISHER as NO_PUBLISHER
from omni_assets.contracts.rules.wiring import NO_SUBSCRIBER as NO_SUBSCRIBER

UNREAD_RULES = (UNREADABLE, INVALID_YAML, EMPTY, NOT_A_MAPPING, UNREADABLE_FOLDER)
"""Rules whose findings mean that nothing of a contract was read: the manifest lacks what it declares."""

JUDGING_RULES = (EXPIRED_EXEMPTION, UNUSED_EXEMPTION)
"""Rules about exemptions: their findings can be neither exempted nor part of a baseline."""

ELSEWHERE_RULES = (
    UNDECLARED_LITERAL,
    UNREAD_SOURCE,
    REMOVED_IN_USE,
    TOPIC_RENAMED,
    SETTINGS_CHANGED,
    TOPIC_ADDED,
    TOPIC_REMOVED,
    SCHEMA_CHANGED,
    HANDLER_CHANGED,
)
"""Rules about source code and about changes: contracts alone never show what breaks them."""

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
    UNREAD_SOURCE,
    REMOVED_IN_USE,
    TOPIC_RENAMED,
    SETTINGS_CHANGED,
    TOPIC_ADDED,
    TOPIC_REMOVED,
    SCHEMA_CHANGED,
    HANDLER_CHANGED,
    INVALID_CATALOG,
    INVALID_TASK_CLASS,
    INVALID_HANDLER,
    IDLE_HANDLER,
    UNKNOWN_TASK_CLASS,
    INVALID_ORDER,
    CIRCULAR_ORDER,
    INVALID_SCHEMA,
    UNFIT_EXAMPLE,
    CONFLICTING_SCHEMAS,
    UNRECORDED_EFFECTS,
    HALF_APPROVALS,
    SHARED_ANSWERS,
)
