"""``omni model serve|status|stop``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import HELP_NAMES, Format, OutputFormat, examples, help_when_alone, port_option

if TYPE_CHECKING:
    from omni_assets.router.local.record import ModelRecord
    from omni_assets.router.local.weights import Serving

_SIGNALLED = 128


def add_to(app: typer.Typer) -> None:
    """Add ``omni model serve|status|stop``."""
    family = typer.Typer(
        help="Serve, stop or look at the local model.",
        epilog=examples("omni model serve", "omni model status --format json", "omni model stop"),
        context_settings=HELP_NAMES,
        callback=help_when_alone,
        invoke_without_command=True,
    )
    family.command(epilog=examples("omni model serve", "omni model serve --model coder.gguf --threads 4"))(serve)
    family.command(epilog=examples("omni model stop"))(stop)
    family.command(epilog=examples("omni model status || omni model serve"))(status)
    app.add_typer(family, name="model")


def serve(
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="FILE",
            help="Weights in the format GGUF; else `router.local_model`, else SmolLM2-135M of the extra `local`.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None, port_option("Listen there, on any free port with 0; else where it listened before, or any.", 0)
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, max=512, help="How many threads compute.")] = 1,
    context: Annotated[
        int,
        typer.Option("--context", min=256, max=1_048_576, help="Most tokens of prompt and answer together."),
    ] = 8192,
    detach: Annotated[
        bool, typer.Option("--detach/--foreground", help="Return once it answers, or stay until Ctrl-C and stop it.")
    ] = True,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Serve the local model, unless it is served.

    It speaks OpenAI's chat completions, on this machine only, and `omni route` finds it without being told where.
    """
    from omni_assets import settings
    from omni_assets.operations import local_model
    from omni_assets.operations.services import Interruption
    from omni_assets.router.local.weights import Serving

    project = settings.load()
    home = settings.state_folder(project)
    serving = Serving(local_model.chosen(project, model), threads, context)
    if detach:
        _started(home, serving, port, output)
        return 0
    with Interruption() as interruption:
        local_model.attend(home, _started(home, serving, port, output), interruption)
    return _SIGNALLED + (interruption.signal or 0)


def stop(output: OutputFormat = Format.TEXT) -> int:
    """Stop the local model.

    What it is answering it may answer first, for some seconds. Exits with 0 where none was served, too.
    """
    from omni_assets.router.local import lifecycle

    with streams.progress("stopping the model"):
        record = lifecycle.stop(_state_folder())
    if output is Format.JSON:
        streams.write_json({"stopped": record is not None, **(_document(record) if record is not None else _NOTHING)})
    elif record is None:
        streams.write("no local model was served")
    else:
        streams.write_line(f"stopped {_described(record)} at {record.base_url}")
    return 0


def status(output: OutputFormat = Format.TEXT) -> int:
    """Say whether the local model is served and answers.

    Exits with 1 where it does not.
    """
    from omni_assets.processes.status import State
    from omni_assets.router.local import lifecycle

    found = lifecycle.status(_state_folder())
    if output is Format.JSON:
        document = _document(found.record) if found.record is not None else _NOTHING
        streams.write_json({"state": found.state.value, "detail": found.detail, **document})
    else:
        streams.write_line(found.detail)
    return int(found.state is not State.RUNNING)


def _started(state_folder: Path, serving: Serving, port: int | None, output: Format) -> ModelRecord:
    """Start the server, and say where it answers."""
    from omni_assets.router.local import lifecycle

    with streams.progress(f"starting {serving.weights.name}"):
        record = lifecycle.start(state_folder, serving, port)
    if output is Format.JSON:
        streams.write_json(_document(record))
    else:
        streams.write_line(f"{_described(record)} answers at {record.base_url}; its weights are {record.weights}")
    return record


def _document(record: ModelRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _FIELDS}


def _described(record: ModelRecord) -> str:
    return f"{record.model} (process {record.pid})"


def _state_folder() -> Path:
    from omni_assets import settings

    return settings.state_folder(settings.load())


_FIELDS = ("model", "base_url", "pid", "threads", "context", "weights")
_NOTHING: dict[str, Any] = dict.fromkeys(_FIELDS)
