"""``omni``: the app, and the one place where an error becomes a sentence and an exit code.

Exit codes: 0 clean, 1 findings, 2 could not run; 130 and 143 where a signal ended the command. Modules of commands
import what they need when they run, so that ``omni --help`` answers at once.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from omni_assets.cli import (
    apply,
    boot,
    broker,
    check,
    demo,
    docs,
    doctor,
    drift,
    explain,
    init,
    model,
    observe,
    plan,
    provision,
    rebuild,
    receipts,
    registry,
    report,
    rescue,
    retire,
    route,
    rule,
    savings,
    smoke,
    sql,
    tidy,
    top,
    topics,
    up,
    validate,
    wiring,
    worker,
)
from omni_assets.cli.exporting import family as exporting
from omni_assets.cli.failure import report as tell
from omni_assets.cli.importing import family as importing
from omni_assets.cli.leaving import leaving_threads
from omni_assets.cli.migrating import family as migrating
from omni_assets.cli.observed import observed
from omni_assets.cli.options import COULD_NOT_RUN, HELP_NAMES, examples, help_when_alone
from omni_assets.cli.streams import say, write
from omni_assets.cli.tasks import family as task
from omni_assets.errors import OmniError
from omni_assets.telemetry import logs

INTERRUPTED = 130

app = typer.Typer(
    name="omni",
    help="Topic contracts, what the broker really has, and the drift between them.",
    epilog=examples("omni check contracts", "omni up", "omni drift --format json")
    + "\n\nExit codes: 0 clean, 1 findings, 2 could not run. docs/commands.md describes every command.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP_NAMES,
)
for module in (
    init,
    check,
    rule,
    docs,
    topics,
    registry,
    wiring,
    explain,
    provision,
    validate,
    boot,
    observe,
    drift,
    plan,
    apply,
    rescue,
    retire,
    migrating,
    sql,
    rebuild,
    tidy,
    importing,
    exporting,
    route,
    receipts,
    savings,
    report,
    task,
    worker,
    smoke,
    top,
    broker,
    model,
    up,
    doctor,
    demo,
):
    module.add_to(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        write(f"omni {version('omni-assets')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def omni(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - the callback has answered it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What every command begins with; alone it shows the help."""
    context.with_resource(observed(f"{context.info_name}"))
    help_when_alone(context)


def main() -> None:
    """Run the command line and exit."""
    signals = _Signals()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signals.interrupt)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # under nohup a hang-up is ignored, and stays so
            signal.signal(number, signals.end)
    with leaving_threads():
        try:
            code = _run(signals)
        finally:
            logs.end()
        sys.exit(code)


class _Signals:
    """Signals as exceptions, so that whatever was started is ended on the way out; and remembered.

    Compiled code that lets a handler run may raise an error of its own in place of the handler's: a producer of
    confluent-kafka takes an interruption for a header that is no text.
    """

    code: int | None = None

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.code = INTERRUPTED
        raise KeyboardInterrupt

    def end(self, number: int, _frame: FrameType | None) -> None:
        self.code = 128 + number
        sys.exit(self.code)


def _run(signals: _Signals) -> int:
    try:
        code = typer.main.get_command(app).main(prog_name="omni", standalone_mode=False)
    except OmniError as error:
        tell(error.message, error.remedy)
        return error.exit_code
    except typer.TyperException as error:
        tell(*_usage(error))
        return COULD_NOT_RUN
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place where it can become a sentence
        if signals.code is None:
            tell(
                f"an unforeseen {type(error).__name__} ended this command: "
                f"{' '.join(str(error).split()) or 'no message'}.",
                "Set OMNI_DEBUG=1 to see where, and report it.",
            )
            return COULD_NOT_RUN
        code = signals.code
    if code == INTERRUPTED:
        say("omni: interrupted.")
    return int(code or 0)


def _usage(error: typer.TyperException) -> tuple[str, str]:
    """What is wrong with the command line, in the same feel as every other error."""
    text = error.format_message().replace("Value error, ", "").strip()
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "omni"
    stop = "" if text.endswith((".", "?")) else "."
    return f"{text[:1].lower()}{text[1:]}{stop}", f"`{path} --help` shows how it is used."


if __name__ == "__main__":
    main()
