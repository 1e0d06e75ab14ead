"""``omni provision``"""

from __future__ import annotations

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import BootstrapServers, EnvironmentName, Format, OutputFormat, Paths, examples


def add_to(app: typer.Typer) -> None:
    """Add ``omni provision``."""
    app.command(
        epilog=examples("omni provision", "omni provision contracts --bootstrap-servers broker:9092 --format json")
    )(provision)


def provision(
    paths: Paths = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Create the declared topics that are missing.

    Existing topics are left alone. Exits with 1 where a topic failed, was skipped or is not known to be there, or a
    contract has errors.
    """
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.cli.views.provisioning import provisioning_document, provisioning_lines
    from omni_assets.operations.context import resolve
    from omni_assets.operations.provision import provision as run

    context = resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)
    manifest = context.manifest()
    errors = say_errors(context, manifest)
    with streams.progress(f"provisioning {len(manifest.topics):,} topics"):
        provisioning = run(context, manifest)
    if output is Format.JSON:
        streams.write_json(provisioning_document(provisioning))
    else:
        streams.draw(provisioning_lines(provisioning, streams.result_width()))
    if provisioning.unrecorded is not None:
        raise provisioning.unrecorded
    return int(errors or not provisioning.clean)
