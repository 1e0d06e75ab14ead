"""The project: its settings, its contracts, and the extras that what they declare needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from omni_assets.broker.local.noida import NAME as EMBEDDED
from omni_assets.contracts.model import HandlerKind, Manifest
from omni_assets.contracts.text import count
from omni_assets.errors import OmniError
from omni_assets.operations.context import BrokerOrigin, Context
from omni_assets.operations.doctor.environment import requirements
from omni_assets.operations.doctor.examination import (
    Area,
    Checked,
    Question,
    Told,
    examples,
    problem,
    unknown,
    warning,
    well,
)
from omni_assets.operations.doctor.examining import LeftOpen, told_by
from omni_assets.settings import source_path

SETTINGS = Question("project.settings", "Can the settings be read?")
CONTRACTS = Question("project.contracts", "Can the contracts be read?")
EXTRAS = Question("project.extras", "Are the extras installed that this project needs?")


def area(context: Context | OmniError, manifest: Manifest | OmniError) -> Area:
    """Questions about the project, of which settings and contracts were read, or could not be."""
    return Area((SETTINGS, CONTRACTS, EXTRAS), partial(_look, context, manifest))


def _look(context: Context | OmniError, manifest: Manifest | OmniError) -> Iterator[Checked]:
    if isinstance(context, OmniError):
        yield Checked(SETTINGS, told_by(context))
        raise LeftOpen("the settings cannot be read")
    yield Checked(SETTINGS, well(_settings(context)))
    yield Checked(CONTRACTS, contracts(manifest))
    yield Checked(EXTRAS, extras(context, manifest))


def contracts(manifest: Manifest | OmniError) -> Told:
    """Whether every contract is read, and without an error."""
    if isinstance(manifest, OmniError):
        return told_by(manifest)
    unread = [each.location.path for each in manifest.contracts if not each.digest]
    remedy = "`omni check` names each place, and says what to do."
    if unread:
        return problem(f"{count(len(unread), 'contract')} cannot be read: {examples(unread)}", remedy)
    seen = f"{count(len(manifest.contracts), 'contract')}, {count(len(manifest.topics), 'topic')}"
    errors = len(manifest.errors)
    return warning(f"{seen}, {count(errors, 'error')}", remedy) if errors else well(seen)


def extras(context: Context, manifest: Manifest | OmniError) -> Told:
    """The extras that the project needs, and what for, held against what is installed."""
    if isinstance(manifest, OmniError):
        return unknown("the contracts cannot be read, so what their handlers need is not known")
    needed = _needed(context, manifest)
    here = requirements()
    lacking = [extra for extra in needed if not all(each.satisfied for each in here.get(extra, ()))]
    if not lacking:
        return well(f"{', '.join(needed)}: installed" if needed else "none is needed")
    because = "; ".join(f"`{extra}`, {needed[extra]}" for extra in lacking)
    return problem(f"not installed: {because}", f"`pip install 'omni-assets[{','.join(lacking)}]'`.")


def _needed(context: Context, manifest: Manifest) -> Mapping[str, str]:
    """Extras, each with what needs it, as a clause."""
    needed: dict[str, str] = {}
    handlers = {each.handler.kind: each.node for each in manifest.contracts if each.handler is not None}
    if handlers:
        needed["agents"] = f"which the handler of `{next(iter(handlers.values()))}` needs"
    asking = next((handlers[kind] for kind in (HandlerKind.LLM, HandlerKind.ROUTER) if kind in handlers), None)
    if asking is not None:
        needed["router"] = f"which the handler of `{asking}` needs to ask a model"
    if context.settings.router.serve_local:
        needed["local"] = "which `router.serve_local` needs"
    if context.origin is BrokerOrigin.ASSUMED:
        needed["broker"] = f"which the local engine `{EMBEDDED}` needs, since no broker is named and none runs"
    return needed


def _settings(context: Context) -> str:
    source = source_path(context.settings)
    read_only = ", every write to a broker forbidden by OMNI_READONLY" if context.connection.read_only else ""
    return f"{source or 'no settings file, so what is built in holds'}, environment `{context.environment}`{read_only}"
