"""The options that commands share, each declared once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from omni_assets.cli.observed import known_as
from omni_assets.cli.streams import say
from omni_assets.telemetry.logs import LogFormat

COULD_NOT_RUN = 2

_AGE = re.compile(r"([0-9]{1,6}) ?(s|min|h|d)")
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class Format(StrEnum):
    """How a result is written."""

    TEXT = "text"
    JSON = "json"


class TableFormat(StrEnum):
    """How a result that is one table is written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


class FindingsFormat(StrEnum):
    """How findings are written: for people, at length or a line each; for programs; and for code hosts."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


class CheckFormat(StrEnum):
    """How a check is written: as findings are, and with ``--against`` as a comment for a pull request too."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    MARKDOWN = "markdown"


def stated(value: str | None) -> str | None:
    """The value of an option; an empty one (an unset shell variable, say) is refused (``BadParameter``), never taken
    for "not given".
    """
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty")
    return value


def all_stated(values: list[str] | None) -> list[str] | None:
    """As ``stated``, for a list."""
    for value in values or ():
        stated(value)
    return values


Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH",
        help="A contract, or a folder that is searched for contract.yaml; else OMNI_CONTRACTS, else the settings' "
        "sources (contracts/).",
        show_default=False,
        callback=all_stated,
    ),
]
ContractsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--contracts",
        metavar="PATH",
        help="A contract, or a folder that is searched for contract.yaml; may be repeated. Else OMNI_CONTRACTS, else "
        "the settings' sources (contracts/).",
        show_default=False,
        callback=all_stated,
    ),
]
EnvironmentName = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="NAME",
        help="The profile of the settings: broker and limits; else OMNI_ENV.",
        show_default=False,
        callback=stated,
    ),
]
BootstrapServers = Annotated[
    str | None,
    typer.Option(
        "--bootstrap-servers",
        metavar="HOST:PORT",
        help="The broker; else OMNI_BOOTSTRAP_SERVERS, the profile's, or the one of `omni broker start`.",
        show_default=False,
        callback=stated,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="WHEN",
        help="Only what ended since then: a day or moment (2026-03-01, 2026-03-01T12:00, in UTC), or an age (24h, 7d).",
        show_default=False,
        callback=stated,
    ),
]
LogFormatOption = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        envvar="OMNI_LOG_FORMAT",
        show_envvar=False,
        help="How standard error is written: for people, or as JSON lines for programs; else OMNI_LOG_FORMAT.",
    ),
]
OutputFormat = Annotated[Format, typer.Option("--format", help="How the result is written on standard output.")]
TableOutputFormat = Annotated[
    TableFormat, typer.Option("--format", help="How the result is written on standard output.")
]
FindingsOutputFormat = Annotated[
    FindingsFormat, typer.Option("--format", help="How the findings are written on standard output.")
]
CheckOutputFormat = Annotated[
    CheckFormat, typer.Option("--format", help="How the findings are written on standard output.")
]


def rules_stated(values: list[str] | None) -> list[str]:
    """The rules that an option names, comma lists taken apart; a text that names none is refused (``BadParameter``)."""
    from omni_assets.contracts.rules.names import UnknownRule, rules_named

    named = [each.strip() for value in all_stated(values) or () for each in value.split(",")]
    for each in named:
        try:
            rules_named(each)
        except UnknownRule as error:
            raise typer.BadParameter(str(error)) from None
    return named


def port_option(where: str, lowest: int = 1) -> Any:
    """``--port``; ``where`` says who listens there, and where without it."""
    return typer.Option("--port", min=lowest, max=65_535, metavar="PORT", help=where, show_default=False)


def moment_since(text: str | None, now: datetime) -> datetime | None:
    """What ``--since`` says: a day or a moment, in UTC where it names no zone, or an age before ``now``. Anything else
    is refused (``BadParameter``).
    """
    if text is None:
        return None
    ago = _AGE.fullmatch(text.strip())
    try:
        if ago is not None:
            return now - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"`{text}` is neither a day such as 2026-03-01, a moment, nor an age such as 24h or 7d",
            param_hint="'--since'",
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def help_when_alone(context: typer.Context) -> None:
    """A family named without one of its commands shows its help, and could not run (``Exit``)."""
    if context.invoked_subcommand is None:
        say(context.get_help())
        raise typer.Exit(COULD_NOT_RUN)
    known_as(context)


def examples(*lines: str) -> str:
    """The epilog of a command's help."""
    return "Examples:\n\n\b\n" + "\n".join(f"  {line}" for line in lines)
