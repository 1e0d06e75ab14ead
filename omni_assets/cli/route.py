"""``omni route explain`` and ``omni route run``"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import (
    HELP_NAMES,
    BootstrapServers,
    EnvironmentName,
    Format,
    OutputFormat,
    all_stated,
    examples,
    help_when_alone,
    stated,
)

if TYPE_CHECKING:
    from omni_assets.operations.context import Context
    from omni_assets.operations.routing.answers import Write
    from omni_assets.router.runtime import Done
    from omni_assets.router.task import Task

Tasks = Annotated[
    list[str],
    typer.Argument(
        metavar="TASKS",
        help="A file of tasks: a JSON object, a list of them, or an object a line; - reads standard input.",
        show_default=False,
        callback=all_stated,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add ``omni route explain`` and ``omni route run``."""
    family = typer.Typer(
        help="Send tasks to the cheapest model that can do them.",
        epilog=examples("omni route explain task.json", "omni route run tasks.jsonl"),
        context_settings=HELP_NAMES,
        callback=help_when_alone,
        invoke_without_command=True,
    )
    family.command(
        epilog=examples("omni route explain task.json", "omni route explain --format json - < task.json"),
    )(explain)
    family.command(
        epilog=examples(
            "omni route run --dry-run tasks.jsonl",
            "omni route run tasks.jsonl --answers answers.jsonl",
            "omni route run --concurrency 32 --format json - < tasks.jsonl",
        ),
    )(run)
    app.add_typer(family, name="route")


def explain(
    tasks: Tasks,
    dry_run: Annotated[  # noqa: ARG001 - what this command does in any case
        bool, typer.Option("--dry-run", help="Ask no model: this command never does.")
    ] = True,
    environment: EnvironmentName = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Show which models a task would go to, and why.

    The chains that were considered with their expected costs and qualities, and the models that were not. It costs
    nothing. Exits with 1 where no model may do a task.
    """
    from omni_assets.cli.views import route as view
    from omni_assets.operations.context import resolve
    from omni_assets.operations.routing.explaining import explain as look
    from omni_assets.operations.routing.running import run_to_end
    from omni_assets.operations.routing.tasks import read_tasks

    wanted = read_tasks(tasks)
    with streams.progress("looking at endpoints"):
        found = run_to_end(look(resolve(environment=environment), wanted))
    if output is Format.JSON:
        streams.write_json(view.explained_document(found))
    else:
        streams.draw(view.explained_lines(found, streams.result_width()))
    return int(not all(each.possible for each in found))


def run(
    tasks: Tasks,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be asked, and ask no model.")] = False,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, max=1_000, metavar="N", help="Most tasks that run at once.")
    ] = 8,
    answers: Annotated[
        str | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="Write the answers here, a JSON object a line, as they come.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Send tasks to the cheapest models that can do them.

    Every task leaves a receipt, which goes to the ledger where a broker is there. Exits with 1 where a task failed.
    """
    from omni_assets.operations.context import resolve
    from omni_assets.operations.routing.answers import answers_to
    from omni_assets.operations.routing.tasks import read_tasks

    wanted = read_tasks(tasks)
    context = resolve(environment=environment, bootstrap_servers=bootstrap_servers)
    if dry_run:
        return _dry_run(context, wanted, output)
    with answers_to(answers, tasks) as write:
        return _run(context, wanted, concurrency, write, output)


def _dry_run(context: Context, tasks: tuple[Task, ...], output: Format) -> int:
    from omni_assets.cli.views import route as view
    from omni_assets.operations.routing.explaining import explain as look
    from omni_assets.operations.routing.running import run_to_end

    with streams.progress("looking at endpoints"):
        found = run_to_end(look(context, tasks))
    if output is Format.JSON:
        streams.write_json(view.explained_document(found))
    else:
        streams.draw(view.dry_run_lines(found, streams.result_width()))
    return int(not all(each.possible for each in found))


def _run(context: Context, tasks: tuple[Task, ...], concurrency: int, write: Write, output: Format) -> int:
    from omni_assets.cli.views import route as view
    from omni_assets.contracts.text import count, visible
    from omni_assets.operations.routing.ledger import findings
    from omni_assets.operations.routing.running import run_tasks, run_to_end

    started = time.monotonic()
    ended = failed = 0
    with streams.progress(f"running {count(len(tasks), 'task')}") as shown:

        def told(done: Done) -> None:
            nonlocal ended, failed
            write(done)
            ended += 1
            failed += done.receipt.model is None
            shown.update(f"{ended:,} of {count(len(tasks), 'task')}, {failed:,} failed")

        ran = run_to_end(run_tasks(context, tasks, concurrency=concurrency, told=told))
    seconds = time.monotonic() - started
    if output is Format.JSON:
        streams.write_json(view.ran_document(ran, seconds))
    else:
        streams.draw(view.ran_lines(ran, seconds, streams.result_width()))
    for sentence in findings(ran.publishing):
        streams.say(f"omni: {visible(sentence)}")
    return int(bool(ran.failed))
