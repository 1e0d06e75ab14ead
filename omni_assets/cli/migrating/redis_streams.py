"""``omni migrate redis-streams``"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import streams
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
    from omni_assets.operations.redis_streams.entries import EntryId


def add_to(app: typer.Typer) -> None:
    """Add ``redis-streams`` to the family."""
    app.command(
        name="redis-streams",
        epilog=examples(
            "omni migrate redis-streams orders --to onex.evt.shop.order-placed.v1 --key order_id --dry-run",
            "omni migrate redis-streams orders --to onex.evt.shop.order-placed.v1 --key order_id --follow --yes",
            "omni migrate redis-streams orders --to onex.evt.shop.order-placed.v1 --key order_id --cut-over --yes",
        ),
    )(redis_streams)


def redis_streams(
    stream: Annotated[str, typer.Argument(metavar="STREAM", help="The stream, by its key.", callback=stated)],
    to: Annotated[
        str, typer.Option("--to", metavar="TOPIC", help="The declared topic that it becomes.", callback=stated)
    ],
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="FIELD",
            help="The field that holds the key of a record; without it all go to one partition, in their order.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    value: Annotated[
        str | None,
        typer.Option(
            "--value",
            metavar="FIELD",
            help="The field that is the value of a record, the others its headers; else all are, as a JSON object.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is added to the stream, until it is interrupted.")
    ] = False,
    cut_over: Annotated[
        bool,
        typer.Option(
            "--cut-over", help="Follow until the stream is quiet, then give its groups their places in the topic."
        ),
    ] = False,
    quiet: Annotated[
        float, typer.Option("--quiet", min=1, max=3_600, metavar="SECONDS", help="How long is quiet, at the cut-over.")
    ] = 10.0,
    after: Annotated[
        str | None,
        typer.Option(
            "--after",
            metavar="ID",
            help="Behind which entry to begin, where nothing else tells; 0 for all of them.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be copied, and copy nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Copy a Redis stream to a topic in its order, exactly once.

    OMNI_REDIS_URL names the server; nothing is written there. Shows what it will do, asks, and goes on where an earlier
    one ended. Exits with 1 where something is left: entries with --dry-run or when the answer is no, entries that were
    deleted before they could be copied, a group that could not be given its place.
    """
    from omni_assets.cli.views import migration as view
    from omni_assets.errors import InputError, ReadOnly
    from omni_assets.operations.context import resolve
    from omni_assets.operations.redis_streams.copies import Form
    from omni_assets.operations.redis_streams.handing_over import hand_over
    from omni_assets.operations.redis_streams.migrating import migrate
    from omni_assets.operations.redis_streams.preparing import prepare
    from omni_assets.operations.redis_streams.reading import RedisStreams

    begin = _entry(after)
    if follow and cut_over:
        raise InputError("--follow never ends, and --cut-over does.", "Say one of them: --cut-over follows too.")
    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    manifest = context.manifest()
    if context.connection.read_only and not dry_run:
        raise ReadOnly(f"copying records to {to}")
    if not (dry_run or yes or streams.is_terminal(sys.stdin)):
        raise InputError(
            "copying records needs a yes, and there is no terminal to ask at.",
            "Say --yes to copy them, or --dry-run to see what would be copied.",
        )
    with RedisStreams.from_environment() as redis:
        with streams.progress(f"looking at {stream}"):
            found = prepare(context, manifest, redis, stream, to, Form(key, value), begin)
        if output is Format.TEXT:
            streams.draw(view.prepared_lines(found, streams.result_width()))
        if dry_run or not (yes or streams.agreed(view.question(found))):
            if output is Format.JSON:
                streams.write_json(view.document(found, None))
            return int(found.has_entries)
        with streams.progress(f"copying to {to}") as shown:
            done = migrate(
                context,
                redis,
                found,
                None if follow else quiet if cut_over else 0.0,
                lambda so_far: shown.update(f"copying to {to}: {so_far.copied:,} records, up to {so_far.after}"),
            )
        with streams.progress(f"giving the groups of {stream} their places"):
            handed = hand_over(context, redis, found) if cut_over else None
    if output is Format.JSON:
        streams.write_json(view.document(found, done, handed))
    else:
        streams.draw(view.migrated_lines(found, done, handed, streams.result_width()))
    if done.unrecorded is not None:
        raise done.unrecorded
    return int(bool(done.missed) or any(each.left for each in handed or ()))


def _entry(text: str | None) -> EntryId | None:
    """The entry that ``--after`` names."""
    from omni_assets.operations.redis_streams.entries import EntryId

    if text is None:
        return None
    try:
        return EntryId.read(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'--after'") from None
