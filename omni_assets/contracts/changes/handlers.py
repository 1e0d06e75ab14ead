"""What works on a node's records otherwise than before. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from omni_assets.contracts.changes.risks import SettingChange
from omni_assets.contracts.model import Handler


def handler_changes(before: Handler | None, after: Handler | None) -> tuple[SettingChange, ...]:
    """Every field of a handler that differs, named as in a contract; ``None`` is no handler."""
    old, new = _flat(before), _flat(after)
    return tuple(
        SettingChange(name, old.get(name), new.get(name))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    )


def _flat(handler: Handler | None) -> Mapping[str, str]:
    """What a contract says of a handler, as text."""
    if handler is None:
        return {}
    asking = handler.approvals
    stated = {
        "kind": handler.kind.value,
        "task_class": handler.task_class,
        "entry": handler.entry,
        "effects": ", ".join(sorted(handler.effects)),
        "intents": handler.intents,
        "approvals.requests": asking.requests if asking else "",
        "approvals.answers": asking.answers if asking else "",
    }
    return {name: value for name, value in stated.items() if value}
