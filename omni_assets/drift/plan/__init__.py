"""Plans: what would bring a broker to what the contracts declare. Definition, building, explanation; all of it pure."""

from omni_assets.drift.plan.braking import Brake, BrakeKind, Known, another_cluster, brakes
from omni_assets.drift.plan.building import build, windows
from omni_assets.drift.plan.definition import Action, Plan, Step, step_id
from omni_assets.drift.plan.deletion import build_deletion, judge_deletion
from omni_assets.drift.plan.fingerprint import state_hash
from omni_assets.drift.plan.paper import PlanUnreadable, document, from_document, step_document
from omni_assets.drift.plan.selection import EVERYTHING, approved, idle, selected

__all__ = [
    "EVERYTHING",
    "Action",
    "Brake",
    "BrakeKind",
    "Known",
    "Plan",
    "PlanUnreadable",
    "Step",
    "another_cluster",
    "approved",
    "brakes",
    "build",
    "build_deletion",
    "document",
    "from_document",
    "idle",
    "judge_deletion",
    "selected",
    "state_hash",
    "step_document",
    "step_id",
    "windows",
]
