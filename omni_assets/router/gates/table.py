"""The gates that there are, by name: those built in, and those that installed packages add.

A package adds gates with entry points, each of which gives a ``Gate`` or a ``ProcessGate``::

    [project.entry-points."omni_assets.gates"]
    acme-licence = "acme.gates:LICENCE"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from types import MappingProxyType

from pydantic import ValidationError

from omni_assets.contracts.text import visible
from omni_assets.errors import ExtraMissing, SettingsError
from omni_assets.router.gates import (
    agreement,
    changed_lines,
    citations,
    degeneracy,
    grammar,
    identifiers,
    json_values,
    presence,
    quotes,
    refusal,
    scorer,
    signature,
    tests_pass,
    undefined,
)
from omni_assets.router.gates.gate import AnyGate, BoundGate, Gate, ProcessGate
from omni_assets.router.task_class import GateUse

GROUP = "omni_assets.gates"
"""The entry-point group of packages that add gates."""

_FAMILIES = (
    presence,
    refusal,
    degeneracy,
    json_values,
    grammar,
    undefined,
    identifiers,
    signature,
    citations,
    quotes,
    changed_lines,
    tests_pass,
    agreement,
    scorer,
)

GATES: Mapping[str, AnyGate] = MappingProxyType({gate.id: gate for family in _FAMILIES for gate in family.GATES})
"""The gates that are built in."""


class UnknownGate(LookupError):
    """A name that no gate has; ``str()`` says so as a sentence, with the names that were perhaps meant."""

    def __init__(self, name: str) -> None:
        near = get_close_matches(name.strip().lower(), every_gate(), 2)
        self.near = bool(near)
        hint = f"; did you mean {' or '.join(f'`{each}`' for each in near)}?" if near else "."
        super().__init__(f"there is no gate `{visible(name)}`{hint}")


class UnusableParameters(ValueError):
    """Parameters that a gate does not take; ``str()`` says which and why, as a sentence."""


@cache
def every_gate() -> Mapping[str, AnyGate]:
    """The gates that are built in and those that installed packages add. Raises ``SettingsError``."""
    gates = dict(GATES)
    for announced, gate in _announced():
        if gate.id in gates:
            raise _unusable(announced, f"there is a gate `{gate.id}` already", "Give it another id")
        gates[gate.id] = gate
    return MappingProxyType(gates)


def gate_named(name: str) -> AnyGate:
    """The gate of that name. Raises ``UnknownGate``."""
    found = every_gate().get(name.strip().lower())
    if found is None:
        raise UnknownGate(name)
    return found


def bind(use: GateUse) -> BoundGate:
    """A gate as a class uses it. Raises ``UnknownGate``, ``UnusableParameters`` and ``ExtraMissing``."""
    gate = gate_named(use.gate)
    for package, extra in gate.packages.items():
        if find_spec(package) is None:
            raise ExtraMissing(extra, f"the gate `{gate.id}`")
    try:
        parameters = gate.parameters.model_validate(dict(use.parameters))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        at = f"`{visible(where)}`: " if where else ""
        raise UnusableParameters(f"the gate `{gate.id}` does not take these parameters: {at}{first['msg']}.") from None
    return BoundGate(gate, use.severity, parameters)


def _announced() -> Iterator[tuple[EntryPoint, AnyGate]]:
    for announced in sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)):
        try:
            gate = announced.load()
        except Exception as error:  # noqa: BLE001 - it is another package's code
            raise _unusable(announced, f"loading it failed: {visible(repr(error))}", "Mend it") from None
        if not isinstance(gate, Gate | ProcessGate):
            raise _unusable(announced, f"it is no gate but {visible(type(gate).__name__)}", "Let it give a Gate")
        yield announced, gate


def _unusable(announced: EntryPoint, why: str, remedy: str) -> SettingsError:
    owner = f" of the package {announced.dist.name}" if announced.dist is not None else ""
    return SettingsError(
        f"the entry point `{announced.name}` ({announced.value}){owner} in the group {GROUP} cannot be used: {why}.",
        f"{remedy}, or remove the package.",
    )
