"""``omni import redis-streams``"""

from __future__ import annotations

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import EnvironmentName, Format, OutputFormat, Paths, examples


def add_to(app: typer.Typer) -> None:
    """Add ``redis-streams`` to the family."""
    app.command(
        name="redis-streams",
        epilog=examples("omni import redis-streams", "omni import redis-streams contracts --format json"),
    )(redis_streams)


def redis_streams(paths: Paths = None, environment: EnvironmentName = None, output: OutputFormat = Format.TEXT) -> int:
    """List the streams of a Redis against the contracts.

    OMNI_REDIS_URL names the server; nothing is written there. Exits with 1 where a stream is left, or entries that
    nobody acknowledged, where not all could be seen, and where a contract has errors.
    """
    from omni_assets.cli.views import redis_streams as view
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.operations.context import resolve
    from omni_assets.operations.redis_streams.listing import list_streams
    from omni_assets.operations.redis_streams.reading import RedisStreams

    context = resolve(paths or (), environment=environment)
    manifest = context.manifest()
    with RedisStreams.from_environment() as redis, streams.progress(f"looking at {redis.address}"):
        found = list_streams(context, manifest, redis)
    if output is Format.JSON:
        streams.write_json(view.document(found))
    else:
        streams.draw(view.lines(found, streams.result_width()))
    has_errors = say_errors(context, manifest)
    return int(has_errors or bool(found.leftovers or found.listing.unknown))
