"""``omni sql``"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import TableFormat, TableOutputFormat, examples

LIST_TABLES = """
SELECT name AS "table", comment AS holds FROM (
    SELECT table_name AS name, comment FROM duckdb_tables() WHERE schema_name = 'main' AND NOT temporary
    UNION ALL
    SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal
) ORDER BY name
"""


def add_to(app: typer.Typer) -> None:
    """Add ``omni sql``."""
    app.command(
        epilog=examples(
            "omni sql",
            'omni sql "SELECT topic, verdict FROM drift ORDER BY first_seen"',
            "omni sql --format csv - < question.sql > answer.csv",
        )
    )(sql)


def sql(
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="QUERY",
            help="One statement that reads; - takes it from standard input. Without one, the tables are listed.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="ROWS", help="Most rows to show.")] = 10_000,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=3_600, metavar="SECONDS", help="Most time that the answer may take.")
    ] = 20.0,
    output: TableOutputFormat = TableFormat.TEXT,
) -> int:
    """Ask the projection a question in SQL.

    It is answered in a process of its own that can only read.
    """
    from omni_assets import settings
    from omni_assets.cli.views import answer as view
    from omni_assets.projection.question import ask

    question = _question(query)
    folder = settings.state_folder(settings.load())
    with streams.progress("asking the projection"):
        answer = ask(folder, question, limit_rows=limit, timeout_seconds=timeout)
    if output is TableFormat.JSON:
        streams.write_json(view.document(answer))
    elif output is TableFormat.CSV:
        streams.write_csv(answer.columns, answer.rows)
    else:
        streams.draw(view.answer_lines(answer, streams.result_width()))
    if answer.truncated:
        streams.say(f"omni: there are more rows than these {limit:,}; --limit shows more.")
    return 0


def _question(query: str | None) -> str:
    if query is None:
        return LIST_TABLES
    return sys.stdin.buffer.read().decode("utf-8", "replace") if query == "-" else query
