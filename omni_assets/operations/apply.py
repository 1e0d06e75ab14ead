"""Carrying out a plan: refuse what is stale, note what is to be done, do it, read back, note what became of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from omni_assets.broker.admin import BrokerAdmin, ConfigChange, NewTopicRequest, TopicError
from omni_assets.broker.snapshot import BrokerSnapshot, ConfigSource
from omni_assets.broker.topics import NEVER_ASKED
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.text import count
from omni_assets.contracts.values import same
from omni_assets.drift.plan import Action, Plan, Step, brakes, selected, state_hash
from omni_assets.errors import BrokerError, PlanHeldBack, PlanOfAnotherCluster, PlanStale, ReadOnly, StateError
from omni_assets.operations.audit import Audit
from omni_assets.operations.capabilities import probe
from omni_assets.operations.context import Context
from omni_assets.operations.memory import Because, seen_now, trust
from omni_assets.operations.observe import (
    DriftReport,
    Look,
    in_the_light_of,
    look_again,
    look_at_flows,
    look_at_topics,
    report,
)
from omni_assets.operations.plan import deletes, deletion_of, plan_of

READ_BACK_SECONDS = 15.0
"""Most seconds until a change that the broker took must show: the brokers of a cluster learn of it one by one."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class StepOutcome(StrEnum):
    """What became of a step, as measured."""

    APPLIED = "applied"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Carried:
    """A step and what became of it. ``detail`` is a clause, empty where all is well."""

    step: Step
    outcome: StepOutcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of the steps that ran, the steps that were left, and the drift afterwards.

    ``after`` is ``None`` where nothing ran, then nothing was written anywhere, and where the broker could not be
    observed afterwards. ``unrecorded`` is set where what became of the steps could not be written down. ``seen`` is the
    look at the topics where nothing ran, which holds still, so that nobody has to look again; else ``None``.
    """

    carried: tuple[Carried, ...]
    left: tuple[Step, ...]
    after: DriftReport | None
    calls: int
    seconds: float
    unrecorded: StateError | None = None
    seen: Look | None = None

    @property
    def counts(self) -> dict[str, int]:
        """The number of steps by outcome, every outcome named."""
        found = Counter(each.outcome for each in self.carried)
        return {outcome.value: found[outcome] for outcome in StepOutcome}

    @property
    def clean(self) -> bool:
        """Whether every step of the plan is done."""
        return not self.left and all(each.outcome is StepOutcome.APPLIED for each in self.carried)


def apply_safe(
    context: Context, manifest: Manifest, only: Iterable[str] = (), trigger: str = "apply --safe"
) -> Applied:
    """Make a plan for what differs now, and carry out its safe steps. Raises as ``apply``.

    What the broker honours is probed first, where something is to be done and it is not known yet.
    """
    started = time.monotonic()
    with context.admin() as admin:
        seen = look_at_topics(context, admin, manifest)
        plan = plan_of(context, admin, seen)
        safe = selected(plan, only=only)
        if safe and seen.policy.probe and not _probed(seen) and not context.connection.read_only:
            _hold_back(replace(plan, steps=safe), manifest, seen)
            seen = in_the_light_of(seen, probe(context, admin, seen.snapshot))
            plan = plan_of(context, admin, seen)
        audit = Audit(context, plan, trigger)
        return _carry_out(context, admin, _Work(seen, plan, plan.steps, audit, (), tuple(only)), started)


def apply(
    context: Context, manifest: Manifest, plan: Plan, approvals: Iterable[str] = (), only: Iterable[str] = ()
) -> Applied:
    """Carry out a plan: its safe steps and those that ``approvals`` name, of topics that ``only`` matches.

    Raises ``PlanStale``, ``PlanOfAnotherCluster``, ``PlanHeldBack``, ``ReadOnly``, ``BrokerError`` and ``StateError``,
    all before anything is changed. What fails afterwards is an outcome of its step.
    """
    started = time.monotonic()
    with context.admin() as admin:
        seen = look_at_topics(context, admin, manifest)
        if deletes(plan):
            seen = look_at_flows(admin, seen)
        present = deletion_of(context, seen, plan.topics) if deletes(plan) else plan_of(context, admin, seen)
        audit = Audit(context, plan, "apply")
        pending = _pending(plan, present, seen, audit)
        done = _carry_out(context, admin, _Work(seen, plan, pending, audit, tuple(approvals), tuple(only)), started)
    if not done.carried or done.unrecorded is not None:
        return done
    return replace(done, unrecorded=_trusted(context, seen))


def _trusted(context: Context, seen: Look) -> StateError | None:
    """A plan that somebody read was carried out, and no brake held it back: what it was made for is what is meant."""
    meant = seen_now(seen.manifest, seen.snapshot)
    try:
        if meant != seen.memory.known:
            trust(context, meant, Because.APPLIED)
    except StateError as error:
        return error
    return None


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be carried out: the steps of a plan that are pending, as far as they are safe or approved."""

    seen: Look
    plan: Plan
    pending: tuple[Step, ...]
    audit: Audit
    approvals: tuple[str, ...]
    only: tuple[str, ...]


def _carry_out(context: Context, admin: BrokerAdmin, work: _Work, started: float) -> Applied:
    wanted = {step.id for step in work.pending}
    steps = tuple(step for step in selected(work.plan, work.approvals, work.only) if step.id in wanted)
    running = {step.id for step in steps}
    left = tuple(step for step in work.pending if step.id not in running)
    if not steps:
        return Applied((), left, None, admin.calls, time.monotonic() - started, seen=work.seen)
    if context.connection.read_only:
        raise ReadOnly(f"carrying out {count(len(steps), 'step')}")
    manifest = work.seen.manifest
    _hold_back(replace(work.plan, steps=steps), manifest, work.seen)
    work.audit.begin(steps, work.approvals)
    answers = _ask(admin, steps, manifest)
    carried, after = _read_back(admin, steps, answers, work.seen)
    recorded, unrecorded = _record(context, work.audit, carried, after, admin.calls)
    return Applied(carried, left, recorded, admin.calls, time.monotonic() - started, unrecorded)


def _probed(seen: Look) -> bool:
    return seen.memory.capabilities is not None


def _record(
    context: Context, audit: Audit, carried: Sequence[Carried], after: Look | None, calls: int
) -> tuple[DriftReport | None, StateError | None]:
    """Write down what became of the steps. Where that fails it is told beside the outcomes, not in their place."""
    try:
        audit.end((each.step, each.outcome.value, each.detail) for each in carried)
        return (None if after is None else report(context, after, calls)), None
    except StateError as error:
        return None, error


def _hold_back(plan: Plan, manifest: Manifest, seen: Look) -> None:
    for brake in brakes(plan, manifest, seen.memory.known, seen.policy):
        raise PlanHeldBack(f"nothing was changed: {brake.message}", brake.remedy)


def _pending(plan: Plan, present: Plan, seen: Look, audit: Audit) -> tuple[Step, ...]:
    """The steps of a given plan that are to be done still. Raises where it does not fit what is there now."""
    cluster, snapshot = plan.cluster_id or plan.bootstrap_servers, seen.snapshot
    if cluster != (snapshot.cluster_id or snapshot.bootstrap_servers):
        raise PlanOfAnotherCluster(cluster, snapshot.cluster_id or snapshot.bootstrap_servers)
    flows = seen.flows if deletes(plan) else None
    now = state_hash(seen.manifest, snapshot, plan.topics, seen.policy, seen.memory.capabilities, flows)
    if now == plan.state_hash:
        return _called_for(plan, present)
    if not audit.known():
        raise PlanStale("what the contracts declare, what the broker has, or the policy is not what it was made from")
    return _unfinished(plan, present, snapshot)


def _called_for(plan: Plan, present: Plan) -> tuple[Step, ...]:
    """The steps of a plan, each of which has to follow from what is there now: a digest can be made by anybody."""
    known = {_essence(step) for step in present.steps}
    for step in plan.steps:
        if _essence(step) not in known:
            raise PlanStale(
                f"it would {step.action.value.replace('_', ' ')} `{step.topic}` in a way that nothing asks for"
            )
    return plan.steps


def _essence(step: Step) -> tuple[object, ...]:
    return step.id, step.topic, step.action, step.field, step.before, step.after, step.verdict


def _unfinished(plan: Plan, present: Plan, snapshot: BrokerSnapshot) -> tuple[Step, ...]:
    """What is left of a plan that was begun: a step that holds is done, every other must still be what it was."""
    wanted = {step.id: step for step in present.steps}
    pending = []
    for step in plan.steps:
        again = wanted.get(step.id)
        if again is not None and _essence(again) == _essence(step):
            pending.append(step)
        elif not _holds(step, snapshot):
            raise PlanStale(f"it was begun, and `{step.topic}` has changed since in another way")
    return tuple(pending)


def _ask(admin: BrokerAdmin, steps: Sequence[Step], manifest: Manifest) -> Mapping[str, TopicError | None]:
    """What the broker said to each step, by its id; ``None`` is yes. One request a topic and kind of change."""
    answers: dict[str, TopicError | None] = {}
    for turn in _TURNS:
        mine = [step for step in steps if step.action in turn.actions]
        if not mine:
            continue
        try:
            said = turn.ask(admin, mine, manifest)
        except BrokerError as error:
            stopped = TopicError(NEVER_ASKED, f"the broker stopped answering: {error.message}", error.transient)
            answers |= {step.id: stopped for step in mine}
            continue
        answers |= {step.id: said.get(step.topic) for step in mine}
    return answers


def _create(admin: BrokerAdmin, steps: Sequence[Step], manifest: Manifest) -> Mapping[str, TopicError | None]:
    specs = {step.topic: manifest.topics[step.topic].spec for step in steps}
    return admin.create_topics(
        [NewTopicRequest(name, spec.partitions, spec.replication_factor, spec.config) for name, spec in specs.items()]
    )


def _add_partitions(admin: BrokerAdmin, steps: Sequence[Step], _manifest: Manifest) -> Mapping[str, TopicError | None]:
    return admin.create_partitions({step.topic: int(step.after or 0) for step in steps})


def _alter_configs(admin: BrokerAdmin, steps: Sequence[Step], _manifest: Manifest) -> Mapping[str, TopicError | None]:
    """One change a topic, with the keys that differ and no other."""
    values: dict[str, dict[str, str]] = {step.topic: {} for step in steps}
    cleared: dict[str, set[str]] = {step.topic: set() for step in steps}
    for step in steps:
        if step.action is Action.CLEAR_CONFIG:
            cleared[step.topic].add(step.field)
        else:
            values[step.topic][step.field] = step.after or ""
    return admin.alter_configs({name: ConfigChange(values[name], frozenset(cleared[name])) for name in values})


def _change_replication(
    admin: BrokerAdmin, steps: Sequence[Step], _manifest: Manifest
) -> Mapping[str, TopicError | None]:
    return admin.set_replication({step.topic: int(step.after or 0) for step in steps})


def _delete(admin: BrokerAdmin, steps: Sequence[Step], _manifest: Manifest) -> Mapping[str, TopicError | None]:
    return admin.delete_topics(step.topic for step in steps)


@dataclass(frozen=True, slots=True)
class _Turn:
    """Actions that are asked for together, and how."""

    actions: frozenset[Action]
    ask: Callable[[BrokerAdmin, Sequence[Step], Manifest], Mapping[str, TopicError | None]]


_TURNS = (
    _Turn(frozenset({Action.CREATE}), _create),
    _Turn(frozenset({Action.ADD_PARTITIONS}), _add_partitions),
    _Turn(frozenset({Action.SET_CONFIG, Action.CLEAR_CONFIG}), _alter_configs),
    _Turn(frozenset({Action.CHANGE_REPLICATION}), _change_replication),
    _Turn(frozenset({Action.DELETE}), _delete),
)


def _read_back(
    admin: BrokerAdmin, steps: Sequence[Step], answers: Mapping[str, TopicError | None], seen: Look
) -> tuple[tuple[Carried, ...], Look | None]:
    """What really became of each step. Looks again while a change that the broker took does not show yet."""
    deadline = time.monotonic() + READ_BACK_SECONDS
    pause = _FIRST_PAUSE
    measured: tuple[Carried, ...] = ()
    try:
        while True:
            after = look_again(admin, seen)
            measured = tuple(_measured(step, answers[step.id], after.snapshot) for step in steps)
            waiting = any(each.outcome is StepOutcome.UNCONFIRMED for each in measured)
            left = deadline - time.monotonic()
            if not waiting or left <= 0:
                return measured, look_at_flows(admin, after)
            time.sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)
    except BrokerError as error:
        return measured or tuple(_unread(step, answers[step.id], error) for step in steps), None


def _measured(step: Step, answer: TopicError | None, snapshot: BrokerSnapshot) -> Carried:
    if _holds(step, snapshot):
        return Carried(step, StepOutcome.APPLIED)
    if answer is not None and not answer.undecided:
        return Carried(step, StepOutcome.FAILED, answer.message)
    said = "the broker took it" if answer is None else f"it is not known whether the broker took it ({answer})"
    return Carried(step, StepOutcome.UNCONFIRMED, f"{said}, and it does not show yet")


def _unread(step: Step, answer: TopicError | None, error: BrokerError) -> Carried:
    if answer is not None and not answer.undecided:
        return Carried(step, StepOutcome.FAILED, answer.message)
    return Carried(step, StepOutcome.UNCONFIRMED, f"it could not be read back: {error.message}")


def _holds(step: Step, snapshot: BrokerSnapshot) -> bool:
    """Whether what a step wanted is so."""
    found = snapshot.topics.get(step.topic)
    if step.action is Action.DELETE or found is None:
        return (found is None) is (step.action is Action.DELETE)
    if step.action is Action.CREATE:
        return not found.unknown
    if step.action is Action.ADD_PARTITIONS:
        return found.partitions >= int(step.after or 0)
    if step.action is Action.CHANGE_REPLICATION:
        return bool(found.replicas) and all(replicas == int(step.after or 0) for replicas in found.replicas)
    config = (found.configs or {}).get(step.field)
    if step.action is Action.CLEAR_CONFIG:
        return found.configs is not None and (config is None or config.source is not ConfigSource.TOPIC)
    return config is not None and config.value is not None and same(step.field, step.after or "", config.value)
