"""Whether an accepted answer is right, as far as the baseline's answer can tell: what is compared, and what it says.

Without audits a gate that lets wrong answers through looks like a good one. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from omni_assets.router.calling.failures import Failed
from omni_assets.router.calling.switchboard import Called
from omni_assets.router.catalog import Catalog
from omni_assets.router.gates.gate import Output
from omni_assets.router.gates.judging import shown
from omni_assets.router.normalise import Normalised, normalise
from omni_assets.router.receipt import Audit
from omni_assets.router.route import Route
from omni_assets.router.task_class import TaskClass


def auditor(task_class: TaskClass, catalog: Catalog, route: Route, accepted: Output) -> str | None:
    """The model that an accepted output can be held against: the baseline, where the task may go to it, the output is
    not its own, and there is something in it that can be compared.
    """
    baseline = task_class.baseline
    if baseline not in catalog.models or baseline == accepted.model or accepted.answer is None:
        return None
    return None if any(skipped.model == baseline for skipped in route.skipped) else baseline


def audit_of(calls: Sequence[Called], accepted: Normalised, task_class: TaskClass, catalog: Catalog) -> Audit | None:
    """The audit that calls of the baseline amount to; ``None`` where none was made."""
    if not calls:
        return None
    last = calls[-1]
    costs = [call.cost.usd for call in calls]
    known = [cost for cost in costs if cost is not None]
    cost = last.cost.model_copy(update={"usd": sum(known, Decimal(0)) if len(known) == len(costs) else None})
    agrees, evidence = _compared(last, accepted, task_class)
    return Audit(
        model=last.model,
        location=catalog.location(last.model),
        usage=last.usage,
        cost=cost,
        agrees=agrees,
        evidence=shown(evidence),
    )


def _compared(call: Called, accepted: Normalised, task_class: TaskClass) -> tuple[bool | None, str]:
    if isinstance(call.reply, Failed):
        return None, f"the baseline gave no answer: {call.reply.kind.value}, {call.reply.message}"
    theirs = normalise(call.reply.text, task_class.output_format, task_class.answer_key).answer
    if theirs is None:
        return None, "the baseline's answer has nothing that could be compared"
    if theirs == accepted.answer:
        return True, f"both say {_short(theirs)}"
    return False, f"it says {_short(accepted.answer or '')}, and the baseline {_short(theirs)}"


def _short(answer: str) -> str:
    return f"`{answer}`" if len(answer) <= 100 else f"`{answer[:99]}…`"
