"""``omni task approvals``, ``omni task approve`` and ``omni task reject``"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import completion, streams
from omni_assets.cli.options import (
    BootstrapServers,
    ContractsOption,
    EnvironmentName,
    Format,
    OutputFormat,
    examples,
    stated,
)

if TYPE_CHECKING:
    from omni_assets.agents.task_receipt import Answer
    from omni_assets.operations.context import Context

QuestionId = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The question's id, or how it begins.",
        show_default=False,
        callback=stated,
        autocompletion=completion.questions,
    ),
]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who answers, instead of you.", show_default=False, callback=stated),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether that is meant.")]


def add_to(family: typer.Typer) -> None:
    """Add ``omni task approvals``, ``omni task approve`` and ``omni task reject``."""
    family.command(epilog=examples("omni task approvals", "omni task approvals --format json"))(approvals)
    family.command(epilog=examples("omni task approve 3f2a9c01d4e5", "omni task approve 3f2a9c01d4e5 --by Ada --yes"))(
        approve
    )
    family.command(epilog=examples("omni task reject 3f2a9c01d4e5 --reason 'The criteria say nothing of it.'"))(reject)


def approvals(
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """List the questions of agents that wait for a person."""
    from datetime import UTC, datetime

    from omni_assets.cli.views import approvals as view
    from omni_assets.operations.agents.approving import waiting
    from omni_assets.operations.context import resolve

    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    with streams.progress(f"looking for questions on {context.bootstrap_servers}"):
        found = waiting(context)
    if output is Format.JSON:
        streams.write_json(view.waiting_document(found))
    else:
        streams.draw(view.waiting_lines(found, datetime.now(UTC), streams.result_width()))
    return 0


def approve(
    question: QuestionId,
    by: By = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.", show_default=False)] = "",
    yes: Yes = False,
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Approve what an agent asks: shows it, and says yes to exactly that.

    Exits with 1 where it was answered before, or is not approved after all.
    """
    from omni_assets.agents.task_receipt import Answer
    from omni_assets.operations.context import resolve

    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    return _answer(context, question, Answer.APPROVED, by, reason, yes, output)


def reject(
    question: QuestionId,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for the agent.", show_default=False, callback=stated)
    ],
    by: By = None,
    yes: Yes = False,
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Reject what an agent asks: shows it, and says no to exactly that.

    Exits with 1 where it was answered before, or is not rejected after all.
    """
    from omni_assets.agents.task_receipt import Answer
    from omni_assets.operations.context import resolve

    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    return _answer(context, question, Answer.REJECTED, by, reason, yes, output)


def _answer(
    context: Context, question: str, given: Answer, by: str | None, reason: str, yes: bool, output: Format
) -> int:
    from datetime import UTC, datetime

    from omni_assets.cli.views import approvals as view
    from omni_assets.errors import ReadOnly
    from omni_assets.operations.agents.approving import answer, find
    from omni_assets.operations.audit import who

    if context.connection.read_only:
        raise ReadOnly("answering a question")
    with streams.progress(f"looking for the question on {context.bootstrap_servers}"):
        asked = find(context, question)
    if asked.given is not None:
        streams.say(f"omni: {view.already(asked)}.")
        return 1
    streams.say(view.facts(asked, datetime.now(UTC)))
    _show("\n".join(view.shown_lines(asked)))
    if not yes and not streams.agreed(f"Is that to be {given}?"):
        return 1
    done = answer(context, asked, given, by or who(), reason)
    if output is Format.JSON:
        streams.write_json(view.answered_document(done))
    else:
        streams.write_line(f"{done.answer} by {done.by}: {done.request}")
    return 0


def _show(text: str) -> None:
    """All of it, on standard error; page by page where a person looks at more than a screen."""
    import pydoc
    import shutil

    lines = text.count("\n") + 1
    if streams.is_terminal(sys.stdout) and streams.is_terminal(sys.stdin) and lines >= shutil.get_terminal_size().lines:
        pydoc.pager(text)
    else:
        streams.say(text)
