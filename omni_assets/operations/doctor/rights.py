"""What this principal may do, for each thing that omni does, as the broker itself tells it. Nothing is tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.rights import Operation, Resource, Right
from omni_assets.contracts.model import Manifest
from omni_assets.operations.agents.working import Staffed, staffed
from omni_assets.operations.context import Context
from omni_assets.operations.doctor.examination import Checked, Question, Told, examples, unknown, warning, well

OBSERVE = Question("rights.observe", "May this principal see everything that drift is told from?")
PROVISION = Question("rights.provision", "May it create what is missing?")
RECONCILE = Question("rights.reconcile", "May it correct what is there?")
WORK = Question("rights.work", "May it work on tasks?")
QUESTIONS = (OBSERVE, PROVISION, RECONCILE, WORK)

MOST_TOPICS = 500
"""Topics whose rights are asked for: the first by name."""

_MEND = (
    "Give it with `kafka-acls`, or leave that to a principal that has it; under OMNI_READONLY=1 it is not asked for."
)
_UNTOLD = (
    "Where it has no right at all, it is told nothing, and some brokers tell nobody: whatever needs a right says so."
)
_CREATE_ANY = Right(Operation.CREATE, Resource.CLUSTER)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rights that an answer is told from; ``instead`` is one that is as good as all of them. ``writes``: it is
    about changes, which a read-only connection never makes."""

    question: Question
    rights: tuple[Right, ...]
    writes: bool = True
    instead: Right | None = None

    def judged(self, held: Mapping[Right, bool | None]) -> Told:
        """What comes of what the broker told."""
        if self.instead is not None and (held[self.instead] or not self.rights):
            return judged({self.instead: held[self.instead]})
        return judged({right: held[right] for right in self.rights})


def wanted(manifest: Manifest, staff: Sequence[Staffed], there: Sequence[str]) -> tuple[Wanted, ...]:
    """What each thing takes, of those topics that are ``there``. Transactional ids are left out: no broker tells of
    them."""
    published = {
        topic.name for topic in manifest.topics.values() for node in topic.publishers if node.node in _nodes(staff)
    }
    read = {topic for each in staff for topic in each.topics}

    def on(operation: Operation, names: Sequence[str]) -> tuple[Right, ...]:
        return tuple(Right(operation, Resource.TOPIC, name) for name in names)

    return (
        Wanted(OBSERVE, (*on(Operation.DESCRIBE, there), *on(Operation.DESCRIBE_CONFIGS, there)), writes=False),
        Wanted(PROVISION, on(Operation.CREATE, there), instead=_CREATE_ANY),
        Wanted(RECONCILE, (*on(Operation.ALTER, there), *on(Operation.ALTER_CONFIGS, there))),
        Wanted(
            WORK,
            (
                *on(Operation.READ, [name for name in there if name in read]),
                *on(Operation.WRITE, [name for name in there if name in published]),
                *(Right(Operation.READ, Resource.GROUP, each.node) for each in staff),
            ),
        ),
    )


def look(admin: BrokerAdmin, context: Context, manifest: Manifest) -> Iterator[Checked]:
    """Ask once for all of them. Raises ``BrokerError``."""
    there = sorted(admin.topic_names() & manifest.topics.keys())[:MOST_TOPICS]
    all_wanted = wanted(manifest, staffed(manifest), there)
    held = admin.rights((*(right for each in all_wanted for right in each.rights), _CREATE_ANY))
    for each in all_wanted:
        if each.writes and context.connection.read_only:
            yield Checked(each.question, well("not asked for: OMNI_READONLY forbids every write"))
        else:
            yield Checked(each.question, each.judged(held))


def judged(held: dict[Right, bool | None]) -> Told:
    """What it comes to: one right that is lacking is told, whatever is not known of others."""
    lacking = [str(right) for right, has in held.items() if has is False]
    if lacking:
        return warning(f"lacking: {examples(lacking)}", _MEND)
    if not held:
        return unknown("no declared topic is there, or is shown to this principal")
    if untold := [right for right, has in held.items() if has is None]:
        return unknown(f"the broker does not tell {len(untold)} of {len(held)} rights, {untold[0]} among them", _UNTOLD)
    return well(f"all of {len(held)} rights" if len(held) > 1 else f"{next(iter(held))}")


def _nodes(staff: Sequence[Staffed]) -> frozenset[str]:
    return frozenset(each.node for each in staff)
