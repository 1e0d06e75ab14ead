"""What a plan is: the steps that would bring a broker to what the contracts declare, and what no step can."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from omni_assets.drift.diff import Drift
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Verdict


class Action(StrEnum):
    """What a step does, in the order in which steps run."""

    CREATE = "create"
    ADD_PARTITIONS = "add_partitions"
    SET_CONFIG = "set_config"
    CLEAR_CONFIG = "clear_config"
    CHANGE_REPLICATION = "change_replication"
    DELETE = "delete"

    @property
    def rank(self) -> int:
        """Its position among the actions: 0 for what runs first."""
        return _RANKS[self]


_RANKS = {action: rank for rank, action in enumerate(Action)}

ACTIONS: dict[Action, str] = {
    Action.CREATE: "makes a missing topic as declared",
    Action.ADD_PARTITIONS: "raises the number of partitions, for good",
    Action.SET_CONFIG: "gives the topic the declared value of one config key",
    Action.CLEAR_CONFIG: "takes a value away that no contract declares, so that the broker's own holds",
    Action.CHANGE_REPLICATION: "changes the number of replicas, where the broker takes that as a config",
    Action.DELETE: "deletes a topic that no contract declares; only in a plan that was asked for",
}
"""What each action does, as a clause."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one topic.

    ``field`` is ``partitions``, ``replication_factor`` or a config key, and empty where the whole topic is meant.
    ``before`` and ``after`` are raw values as text, ``None`` where there is none. ``reason`` and ``consequence`` are
    sentences. ``path`` and ``line`` are the place in the contract that says so, ``None`` where no contract does.
    """

    id: str
    topic: str
    kind: DriftKind
    field: str
    verdict: Verdict
    action: Action
    before: str | None
    after: str | None
    reason: str
    consequence: str
    path: str | None = None
    line: int | None = None

    @property
    def safe(self) -> bool:
        """Whether it runs without an approval."""
        return self.verdict is Verdict.AUTO_FIXABLE


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps for one cluster, in the order in which they run, and the state that they were made from.

    ``surfaced`` is the drift that no step corrects.
    """

    cluster_id: str
    bootstrap_servers: str
    environment: str
    made_at: datetime
    state_hash: str
    steps: tuple[Step, ...]
    surfaced: tuple[Drift, ...] = ()

    @property
    def topics(self) -> frozenset[str]:
        """The topics that a step changes."""
        return frozenset(step.topic for step in self.steps)


def step_id(topic: str, action: Action, field: str) -> str:
    """The name of a step: the same change of the same topic has the same one in every plan."""
    return sha256("\0".join((topic, action, field)).encode()).hexdigest()[:12]
