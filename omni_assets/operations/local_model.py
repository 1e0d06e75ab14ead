"""The local model of a project: served as its settings say, and found by the router without being told where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from omni_assets.errors import ServiceFailed
from omni_assets.operations.services import Interruption
from omni_assets.router.calling.addresses import LOCAL_ENDPOINT, address_variable
from omni_assets.router.catalog import Catalog
from omni_assets.router.local import lifecycle
from omni_assets.router.local.record import ModelRecord
from omni_assets.router.local.weights import Weights, weights
from omni_assets.settings import Settings

_POLL_SECONDS = 0.5


def chosen(settings: Settings, path: Path | None = None) -> Weights:
    """The weights in the file at ``path``, else those that the settings name, else those that the extra brings.

    Raises ``InputError`` and ``ExtraMissing``.
    """
    stated = settings.router.local_model
    return weights(path or (settings.root / Path(stated).expanduser() if stated else None))


def variables(catalog: Catalog, state_folder: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """``environ``, with the address of the server that runs in this state folder where nothing else says one."""
    endpoint = catalog.endpoints.get(LOCAL_ENDPOINT)
    variable = address_variable(LOCAL_ENDPOINT, endpoint) if endpoint is not None else None
    if endpoint is None or endpoint.base_url or variable is None or environ.get(variable):
        return environ
    record = lifecycle.running(state_folder)
    return environ if record is None else {**environ, variable: record.base_url}


def attend(state_folder: Path, record: ModelRecord, interruption: Interruption) -> None:
    """Stay for as long as the server runs and nobody asks to end; then stop it.

    Raises ``ServiceFailed`` where it ended by itself, and ``EngineFailed`` where it does not end.
    """
    try:
        while not interruption.within(_POLL_SECONDS):
            if not lifecycle.runs(record):
                raise ServiceFailed(
                    f"the local model at {record.base_url} ended on its own.",
                    f"Its log is {lifecycle.log_file(state_folder)}.",
                )
    finally:
        lifecycle.stop(state_folder)
