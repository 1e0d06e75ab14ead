"""What goes into the projection and comes out of it: plain rows, in column order. Pure; imports no database.

Times are aware datetimes. What all rows of one observation share (cluster, time) is given once, not with each row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

UNKNOWN = "unknown"
"""The kind of drift that says that a topic's state could not be seen."""

FLOWS = "flows"
"""The field of such a drift that is about offsets and groups alone: the topic itself was seen."""

FLOW_KINDS = frozenset({"stranded", "silent_reader", "silent_writer"})
"""The kinds of drift that are told from offsets and groups."""


class DeclaredTopicRow(NamedTuple):
    """A topic that contracts declare. ``config`` is a JSON object; ``publishers`` and ``subscribers`` are counts.

    ``expected_every_ms`` is in milliseconds: at the latest after that long its publishers write another record.
    """

    name: str
    kind: str
    producer: str
    event: str
    version: int
    partitions: int | None
    replication_factor: int | None
    keyed: bool | None
    config: str
    owner: str
    path: str
    line: int
    publishers: int
    subscribers: int
    blocked: str = ""
    expected_every_ms: int | None = None


class DeclarationRow(NamedTuple):
    """A place in a contract where a node publishes or subscribes a topic: its line and its column (``column_number``),
    both from 1.
    """

    topic: str
    node: str
    role: str
    form: str
    path: str
    line: int
    column_number: int


class Declared(NamedTuple):
    """All that one manifest declares. ``digest`` is the manifest's; declarations may come from a generator."""

    digest: str
    topics: Sequence[DeclaredTopicRow]
    declarations: Iterable[DeclarationRow]


class ManifestRow(NamedTuple):
    """The manifest that was projected last, and when it was projected first."""

    digest: str
    topics: int
    declared_at: datetime


class Observation(NamedTuple):
    """One look at a cluster. ``cluster`` is its id, or the bootstrap address where it reports none.

    ``observed_topics`` is the number of topics without those that the broker keeps for itself.
    """

    cluster: str
    environment: str
    bootstrap_servers: str
    observed_at: datetime
    observed_topics: int
    calls: int
    seconds: float


class ObservationRow(NamedTuple):
    """An observation as it was recorded, with the number of declared topics that it was compared with."""

    cluster: str
    environment: str
    bootstrap_servers: str
    observed_at: datetime
    observed_topics: int
    calls: int
    seconds: float
    declared_topics: int


class ObservedTopicRow(NamedTuple):
    """A topic on the broker. ``unknown`` says what could not be seen, or is empty.

    ``replicas`` and ``in_sync`` are text: a number for each partition, with commas between them. ``leaderless`` is how
    many partitions have no leader.
    """

    name: str
    topic_id: str | None
    partitions: int
    replication_factor: int
    replicas: str
    internal: bool
    unknown: str = ""
    in_sync: str = ""
    leaderless: int = 0


class ObservedConfigRow(NamedTuple):
    """One effective configuration value, as raw text."""

    topic: str
    key: str
    value: str | None
    source: str
    default_value: str | None


class Observed(NamedTuple):
    """All that one observation saw; the rows may come from generators."""

    observation: Observation
    topics: Iterable[ObservedTopicRow]
    configs: Iterable[ObservedConfigRow]


class DriftKey(NamedTuple):
    """What a drift is, within a cluster: values may change, this does not."""

    topic: str
    kind: str
    field: str


class Drift(NamedTuple):
    """One difference, as an observation found it. ``field`` is empty where the kind says it all."""

    topic: str
    kind: str
    field: str
    declared: str | None
    observed: str | None
    verdict: str
    reason: str
    owner: str | None = None
    path: str | None = None
    line: int | None = None
    detail: str = ""

    @property
    def key(self) -> DriftKey:
        """What tells it from the other drifts of its cluster."""
        return DriftKey(self.topic, self.kind, self.field)


class DriftRow(NamedTuple):
    """An open drift. ``last_seen`` is older than the last observation while the topic's state cannot be seen."""

    cluster: str
    topic: str
    kind: str
    field: str
    declared: str | None
    observed: str | None
    verdict: str
    reason: str
    owner: str | None
    path: str | None
    line: int | None
    detail: str
    first_seen: datetime
    last_seen: datetime

    @property
    def drift(self) -> Drift:
        """The drift itself, without whose it is and when it was seen."""
        return Drift(*self[1:12])


class HistoryRow(NamedTuple):
    """A drift from first seen to resolved, which is ``None`` while it is open."""

    cluster: str
    topic: str
    kind: str
    field: str
    declared: str | None
    observed: str | None
    verdict: str
    reason: str
    owner: str | None
    path: str | None
    line: int | None
    first_seen: datetime
    last_seen: datetime
    resolved: datetime | None

    @property
    def key(self) -> DriftKey:
        """What tells it from the other drifts of its cluster."""
        return DriftKey(self.topic, self.kind, self.field)

    @property
    def drift(self) -> Drift:
        """The drift itself, without whose it is and when it was seen."""
        return Drift(*self[1:11])


class SummaryRow(NamedTuple):
    """Drift of one kind and verdict: how many are ``open``, how many were ``opened`` and ``resolved`` since some time,
    and the first seen of the oldest that is open, ``None`` where none is.
    """

    kind: str
    verdict: str
    open: int
    opened: int
    resolved: int
    oldest: datetime | None


class ProvisionRow(NamedTuple):
    """What provisioning did to one topic: begun, then created, existed, or failed, unconfirmed or skipped with why.

    A later row of the same ``id`` takes the place of an earlier one.
    """

    id: str
    attempted_at: datetime
    cluster: str
    bootstrap_servers: str
    trigger: str
    topic: str
    outcome: str
    error: str = ""


LOG = ""
"""The ``group_name`` of a partition's own offsets: they are the log's, and no group's."""


class GroupRow(NamedTuple):
    """A consumer group on the broker. ``unknown`` says what could not be seen of it, or is empty."""

    group_name: str
    state: str
    members: int
    unknown: str = ""


class OffsetRow(NamedTuple):
    """Offsets of a partition: ``earliest`` and ``latest`` of the log itself, or what a group has ``committed``.

    ``group_name`` is ``LOG`` for the log. ``latest`` is the offset that the next record will have, ``committed`` the
    offset of the next record that the group will read.
    """

    topic: str
    group_name: str
    partition: int
    earliest: int | None = None
    latest: int | None = None
    committed: int | None = None


class FlowsRow(NamedTuple):
    """The last look at the groups and offsets of a cluster."""

    cluster: str
    observed_at: datetime
    groups: int
    topics: int


class EarlierOffset(NamedTuple):
    """An ``OffsetRow`` as seen last; ``changed_at`` is the first observation of its ``latest`` and ``committed``. Each
    number is an offset, or that of the partition.
    """

    topic: str
    group_name: str
    partition: int
    earliest: int | None
    latest: int | None
    committed: int | None
    changed_at: datetime


class EarlierFlows(NamedTuple):
    """Groups and offsets as the last observation saw them; ``observed_at`` is ``None`` where there was none."""

    observed_at: datetime | None
    groups: Mapping[str, GroupRow]
    offsets: tuple[EarlierOffset, ...]


class EarlierTopic(NamedTuple):
    """A topic at the last observation. ``partitions`` is 0 where they could not be seen; ``topic_id`` is the last that
    was, ``None`` where the broker reports none. ``changed_at`` is the first observation of the present values."""

    topic_id: str | None
    partitions: int
    changed_at: datetime


class AuditRow(NamedTuple):
    """What somebody decided or did to a cluster: a plan, an approval, a step, and what became of it.

    ``event`` says which; ``plan`` is the plan's digest, ``step`` the step's id. Texts that do not apply are empty. A
    later row of the same ``id`` takes the place of an earlier one: written before the deed and again after it, a killed
    process leaves the first.
    """

    id: str
    acted_at: datetime
    who: str
    host: str
    cluster: str
    environment: str
    plan: str
    event: str
    step: str = ""
    topic: str = ""
    action: str = ""
    outcome: str = ""
    detail: str = ""


class CapabilitiesRow(NamedTuple):
    """What a broker honours, as it was probed: ``document`` is JSON. One row a cluster and version, the latest."""

    cluster: str
    version: str
    probed_at: datetime
    document: str


class RescueRow(NamedTuple):
    """How far the records of one partition of ``source`` have been brought to ``target``.

    ``position`` is the source's next offset that is not rescued, ``records`` the number that were. A later row of the
    same cluster, source, target and partition takes the place of an earlier one.
    """

    cluster: str
    source: str
    target: str
    partition: int
    position: int
    records: int
    state: str
    rescued_at: datetime


class RetirementRow(NamedTuple):
    """Where the end of a topic stands: the ``step`` that it is at, since when, and what proves the ones before.

    ``renamed_to`` is empty where the topic has no heir. ``checked_at`` is when it was looked at last. A later row of
    the same cluster and topic takes the place of an earlier one.
    """

    cluster: str
    topic: str
    renamed_to: str
    step: str
    proof: str
    since: datetime
    checked_at: datetime


class TrustedRow(NamedTuple):
    """What brakes compare a plan with, in one environment: the cluster's id, empty where it reports none, and the
    number of declared topics. ``because`` is observed, applied or acknowledged."""

    environment: str
    cluster_id: str
    declared_topics: int
    who: str
    because: str
    since: datetime


class AlertRow(NamedTuple):
    """Something that is, or was, wrong in one environment, and what was said of it last.

    ``since`` is when it was noticed, ``newest`` when the latest part of it began. ``occasion`` is noticed, appeared,
    grew, reminder, over or passed, decided at ``decided_at``; ``told`` are the channels that took that, with a space
    between, and ``told_at`` is when the last one did: the same as ``decided_at`` before.
    """

    environment: str
    key: str
    kind: str
    severity: str
    owner: str
    title: str
    text: str
    since: datetime
    newest: datetime
    occasion: str
    decided_at: datetime
    told_at: datetime
    told: str = ""


class ReceiptRow(NamedTuple):
    """What became of one task: the scalars of its receipt, and all of it as ``document``, a JSON object.

    ``environment`` is the profile that it was done under. ``findings`` is a JSON list. Money is in US dollars, ``None``
    where it is not known. A receipt never changes: a row of the same ``id`` is the same receipt.
    """

    id: str
    environment: str
    version: int
    task_id: str
    task_key: str
    task_class: str
    task_class_sha256: str | None
    classified_by: str
    classified_confidence: float
    prompt_version: int | None
    prompt_sha256: str | None
    catalog_sha256: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    failure: str | None
    model: str | None
    decision: str
    explored: bool
    cost_usd: Decimal | None
    baseline_model: str | None
    baseline_usd: Decimal | None
    saved_usd: Decimal | None
    audit_model: str | None
    audit_location: str | None
    audit_input_tokens: int | None
    audit_output_tokens: int | None
    audit_usd: Decimal | None
    audit_agrees: bool | None
    budget_day: str | None
    findings: str
    document: str


class AttemptRow(NamedTuple):
    """One call of a model for a task; ``number`` counts from 1. ``normalised`` and ``checks`` are JSON lists."""

    receipt: str
    number: int
    model: str
    served_name: str
    endpoint: str
    location: str
    started_at: datetime
    latency_seconds: float
    reason: str
    outcome: str
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    tokens_reported: bool | None
    finish_reason: str | None
    cost_usd: Decimal | None
    price_source: str
    price_version: str
    reserved_usd: Decimal | None
    support: float | None
    failure_kind: str | None
    failure: str | None
    failure_transient: bool | None
    output_sha256: str | None
    normalised: str
    checks: str


class PublicationRow(NamedTuple):
    """A receipt in the ledger: the topic of a cluster, and where it stands there."""

    receipt: str
    cluster: str
    topic: str
    partition: int
    position: int
    published_at: datetime


class TaskRow(NamedTuple):
    """What became of one task on the bus: the scalars of its receipt, and all of it as ``document``, a JSON object with
    the id of the routing receipt in that one's place.

    The receipt stands in the topic ``ledger`` of ``cluster``; ``topic``, ``partition`` and ``position`` are those of
    the record that was worked on. ``cost_usd`` is in US dollars, ``None`` where it is not known. A receipt never
    changes: of two with one ``id`` the first counts.
    """

    id: str
    environment: str
    cluster: str
    ledger: str
    ledger_partition: int
    ledger_position: int
    version: int
    node: str
    handler: str
    topic: str
    partition: int
    position: int
    key: str
    event_id: str
    event_source: str
    correlation_id: str
    causation_id: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    reason: str
    duplicate_of: str | None
    routing: str | None
    cost_usd: Decimal | None
    idempotency_key: str | None
    deadline: datetime | None
    requeue_of: str | None
    replay: str | None
    replay_of: str | None
    approval: str | None
    approval_sha256: str | None
    approval_answer: str | None
    approval_by: str | None
    document: str


class RepeatRow(NamedTuple):
    """A receipt that stands in a ledger once more: there should be none."""

    id: str
    cluster: str
    ledger: str
    ledger_partition: int
    ledger_position: int
    outcome: str


class LedgerPositionRow(NamedTuple):
    """How far a partition of a ledger has been projected: its next offset, the ``mark`` of the record that was read
    last (empty where none was), and how many ``others`` before it are no receipts."""

    cluster: str
    topic: str
    partition: int
    position: int = 0
    mark: str = ""
    others: int = 0


class LedgerStretch(NamedTuple):
    """What stands in a partition of a ledger behind ``start``, in its order, and ``end``, where it stands then."""

    start: LedgerPositionRow
    end: LedgerPositionRow
    tasks: Sequence[TaskRow]
    receipts: Sequence[tuple[ReceiptRow, PublicationRow]]


class TaskSummary(NamedTuple):
    """A task in a list. ``attempts`` is their number."""

    id: str
    environment: str
    node: str
    topic: str
    partition: int
    position: int
    key: str
    event_id: str
    correlation_id: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    reason: str
    attempts: int
    cost_usd: Decimal | None
    deadline: datetime | None
    requeue_of: str | None
    replay: str | None


class LinkedTask(NamedTuple):
    """A task with what says where it stands in its chain. A place in ``seconds`` and ``reasons`` is an attempt, one in
    ``results`` (ids of events) and ``published`` (their topics) an event that it published, one in ``effects`` and
    ``effect_outcomes`` an effect outside the bus.
    """

    id: str
    node: str
    topic: str
    partition: int
    position: int
    key: str
    event_id: str
    correlation_id: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    reason: str
    duplicate_of: str | None
    routing: str | None
    cost_usd: Decimal | None
    requeue_of: str | None
    replay: str | None
    replay_of: str | None
    approval: str | None
    approval_answer: str | None
    approval_by: str | None
    ledger_partition: int
    ledger_position: int
    seconds: Sequence[float]
    reasons: Sequence[str]
    results: Sequence[str]
    published: Sequence[str]
    effects: Sequence[str]
    effect_outcomes: Sequence[str]


class ReceiptSummary(NamedTuple):
    """A receipt in a list. ``spent_usd`` is what is known of its cost, ``calls_without_cost`` how many calls are not
    in it; ``published`` whether a ledger has it."""

    id: str
    environment: str
    ended_at: datetime
    task_id: str
    task_class: str
    outcome: str
    failure: str | None
    model: str | None
    attempts: int
    escalations: int
    tokens: int
    local_tokens: int
    calls_without_tokens: int
    spent_usd: Decimal
    calls_without_cost: int
    saved_usd: Decimal | None
    audit_agrees: bool | None
    published: bool


class CallsRow(NamedTuple):
    """The calls of a routed task, a place each: the model, how it ended, and why, which is the kind of failure or the
    gates that it did not pass, and empty where nothing was wrong."""

    receipt: str
    models: Sequence[str]
    outcomes: Sequence[str]
    reasons: Sequence[str]


class SavingsRow(NamedTuple):
    """What the tasks of one ``group_name`` cost and saved; the name is ``None`` for those without one.

    ``attempted`` tasks called a model at all, and ``escalated`` ones a further one. Tokens and costs are those of all
    calls, audits included; ``calls_without_cost`` are those of which the cost is not known. ``unsuccessful_usd`` is
    what of ``spent_usd`` went to tasks that were not accepted. ``baseline_usd`` and ``avoided_usd`` are sums over the
    ``compared`` tasks: accepted, and both their cost and the baseline's known. ``audited`` tasks were held against the
    baseline's answer.
    """

    group_name: str | date | None
    tasks: int
    accepted: int
    attempted: int
    escalated: int
    tokens: int
    local_tokens: int
    calls_without_tokens: int
    spent_usd: Decimal
    unsuccessful_usd: Decimal
    calls_without_cost: int
    compared: int
    baseline_usd: Decimal
    avoided_usd: Decimal
    baselines: str
    audited: int
    false_accepts: int


class SpentRow(NamedTuple):
    """What the tasks of a class cost on a day of the budget (``YYYY-MM-DD``, UTC), as far as it is known;
    ``calls_without_cost`` are those of which it is not.
    """

    budget_day: str
    task_class: str
    spent_usd: Decimal
    calls_without_cost: int


class UncostedRow(NamedTuple):
    """Calls of a model, audits included, whose cost is not known. ``price_source`` is ``unknown`` where the price is
    not; else the tokens are not. ``receipt`` is one of those that hold such a call."""

    model: str
    price_source: str
    calls: int
    receipt: str


class TroubledRow(NamedTuple):
    """A receipt with ``findings``, a JSON list, or one without an accepted answer and without a ``failure``."""

    id: str
    ended_at: datetime
    task_id: str
    task_class: str
    outcome: str
    failure: str | None
    findings: str


class Books(NamedTuple):
    """What tasks cost and saved since a moment, of one reading: together, by class, by day (UTC), and by both.

    ``spent`` is by day of the budget, in full from that moment's day on; ``troubled`` holds the newest alone.
    """

    total: SavingsRow | None = None
    classes: tuple[SavingsRow, ...] = ()
    days: tuple[SavingsRow, ...] = ()
    days_of_classes: tuple[tuple[date, SavingsRow], ...] = ()
    spent: tuple[SpentRow, ...] = ()
    uncosted: tuple[UncostedRow, ...] = ()
    troubled: tuple[TroubledRow, ...] = ()


class Told(NamedTuple):
    """What a report tells of, of one reading. Drift is that of all clusters; what tasks cost and saved stands together,
    by class, by model and by day (UTC). Histories, receipts and tasks are the newest alone, newest first; ``calls`` are
    those of the receipts that called a model."""

    observations: tuple[ObservationRow, ...] = ()
    drift: tuple[DriftRow, ...] = ()
    history: tuple[HistoryRow, ...] = ()
    total: SavingsRow | None = None
    classes: tuple[SavingsRow, ...] = ()
    models: tuple[SavingsRow, ...] = ()
    days: tuple[SavingsRow, ...] = ()
    receipts: tuple[ReceiptSummary, ...] = ()
    calls: tuple[CallsRow, ...] = ()
    tasks: tuple[LinkedTask, ...] = ()


class Remembered(NamedTuple):
    """What is known of a cluster from before, of one reading; ``trusted`` is of every environment."""

    topics: Mapping[str, EarlierTopic]
    flows: EarlierFlows
    capabilities: CapabilitiesRow | None
    rescued: tuple[RescueRow, ...]
    retirements: tuple[RetirementRow, ...]
    trusted: tuple[TrustedRow, ...]
    drift: tuple[DriftRow, ...]


class Recorded(NamedTuple):
    """What an observation left: the open drift, what of it is news, and the number of rows that were written."""

    drift: tuple[DriftRow, ...]
    opened: tuple[DriftKey, ...]
    changed: tuple[DriftKey, ...]
    resolved: tuple[DriftKey, ...]
    written: int


class Stored(NamedTuple):
    """What was projected last: the observations, one a cluster, and the drift that they left open."""

    observations: tuple[ObservationRow, ...]
    drift: tuple[DriftRow, ...]


class Rebuilt(NamedTuple):
    """Rows that a replay of the journals gave: each number is how many there are of one table."""

    drift_history: int = 0
    provision_log: int = 0
    audit: int = 0
    capabilities: int = 0
    rescues: int = 0
    retirements: int = 0
    trusted: int = 0
    receipts: int = 0
    attempts: int = 0
    publications: int = 0
    alerts: int = 0
