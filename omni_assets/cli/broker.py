"""``omni broker start|stop|status``"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import HELP_NAMES, Format, OutputFormat, examples, help_when_alone, port_option

if TYPE_CHECKING:
    from pathlib import Path

    from omni_assets.broker.local.record import BrokerRecord


class EngineName(StrEnum):
    """The engines that can be started here."""

    NOIDA = "noida"
    REDPANDA = "redpanda"


def add_to(app: typer.Typer) -> None:
    """Add ``omni broker start|stop|status``."""
    family = typer.Typer(
        help="Start, stop or look at the local broker.",
        epilog=examples("omni broker start", "omni broker status --format json", "omni broker stop"),
        context_settings=HELP_NAMES,
        callback=help_when_alone,
        invoke_without_command=True,
    )
    family.command(epilog=examples("omni broker start", "omni broker start --engine redpanda --port 19092"))(start)
    family.command(epilog=examples("omni broker stop"))(stop)
    family.command(epilog=examples("omni broker status || omni broker start"))(status)
    app.add_typer(family, name="broker")


def start(
    engine: Annotated[
        EngineName, typer.Option(help="noida is embedded; redpanda needs a container runtime.")
    ] = EngineName.NOIDA,
    port: Annotated[
        int | None,
        port_option(
            "Listen there, on any free port with 0; else where it listened before, then 9092, then any free port.", 0
        ),
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Begin without data: what is there is moved aside, never deleted.")
    ] = False,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Start the local broker, unless it runs.

    Its data, its log and its record are in the state folder. It listens on this machine only.
    """
    from omni_assets.broker.local import lifecycle

    with streams.progress(f"starting {engine.value}"):
        record = lifecycle.start(_state_folder(), engine=engine.value, port=port, reset=reset)
    if output is Format.JSON:
        streams.write_json(_document(record))
    else:
        streams.write_line(
            f"{_described(record)} answers at {record.bootstrap_servers}; its data is in {record.data_dir}"
        )
    return 0


def stop(output: OutputFormat = Format.TEXT) -> int:
    """Stop the local broker; its data stays.

    Exits with 0 where none was running, too.
    """
    from omni_assets.broker.local import lifecycle

    with streams.progress("stopping the broker"):
        record = lifecycle.stop(_state_folder())
    if output is Format.JSON:
        streams.write_json({"stopped": record is not None, **(_document(record) if record is not None else _NOTHING)})
    elif record is None:
        streams.write("no local broker was running")
    else:
        streams.write_line(
            f"stopped {_described(record)} at {record.bootstrap_servers}; its data is in {record.data_dir}"
        )
    return 0


def status(output: OutputFormat = Format.TEXT) -> int:
    """Say whether the local broker runs and answers.

    Exits with 1 where it does not.
    """
    from omni_assets.broker.local import lifecycle
    from omni_assets.processes.status import State

    found = lifecycle.status(_state_folder())
    if output is Format.JSON:
        document = _document(found.record) if found.record is not None else _NOTHING
        streams.write_json({"state": found.state.value, "detail": found.detail, **document})
    else:
        streams.write_line(found.detail)
    return int(found.state is not State.RUNNING)


_NOTHING: dict[str, Any] = {"engine": None, "bootstrap_servers": None, "pid": None, "data_dir": None}


def _document(record: BrokerRecord) -> dict[str, Any]:
    return {
        "engine": record.engine,
        "bootstrap_servers": record.bootstrap_servers,
        "pid": record.pid,
        "data_dir": record.data_dir,
    }


def _described(record: BrokerRecord) -> str:
    return f"{record.engine}{f' (process {record.pid})' if record.pid is not None else ''}"


def _state_folder() -> Path:
    from omni_assets import settings

    return settings.state_folder(settings.load())
