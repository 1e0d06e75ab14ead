"""What a ledger holds, into the tables: its rows and how far it has been projected, in the transaction that is open.

A receipt that is known stays as it is, and of two with one id the first counts: nobody's word changes one. What a
journal says of a receipt and of its publication counts more than what a ledger does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import duckdb

from omni_assets.projection import queries, tables
from omni_assets.projection.exchange import merge, read
from omni_assets.projection.receipts import attempt_rows
from omni_assets.projection.rows import LedgerPositionRow, LedgerStretch, PublicationRow, ReceiptRow, RepeatRow, TaskRow


def positions(connection: duckdb.DuckDBPyConnection, cluster: str, topic: str) -> dict[int, LedgerPositionRow]:
    """How far each partition of a ledger has been projected; one that never was is left out."""
    found = read(connection, LedgerPositionRow, queries.LEDGER_POSITIONS, cluster=cluster, topic=topic)
    return {row.partition: row for row in found}


def take_over(connection: duckdb.DuckDBPyConnection, stretches: Sequence[LedgerStretch]) -> bool:
    """Write what the stretches hold, and where they end. ``False``, and nothing written, where one of their partitions
    no longer stands where its stretch begins: another process has projected it since."""
    for each in stretches:
        start = each.start
        if positions(connection, start.cluster, start.topic).get(start.partition, _unread(start)) != start:
            return False
    take_over_receipts(connection, [*chain.from_iterable(each.receipts for each in stretches)])
    _take_over_tasks(connection, [*chain.from_iterable(each.tasks for each in stretches)])
    merge(connection, tables.LEDGER_POSITIONS, tables.upsert, [each.end for each in stretches])
    return True


def take_over_receipts(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[tuple[ReceiptRow, PublicationRow]]
) -> None:
    """Write receipts of the router and where the ledger has them, as far as they are new."""
    receipts: dict[str, ReceiptRow] = {}
    published: dict[tuple[str, ...], PublicationRow] = {}
    for receipt, publication in rows:
        receipts.setdefault(receipt.id, receipt)
        published.setdefault(publication[:3], publication)
    known = frozenset(read(connection, str, queries.KNOWN_RECEIPTS, ids=[*receipts]))
    news = [row for id_, row in receipts.items() if id_ not in known]
    merge(connection, tables.RECEIPTS, tables.insert, news)
    merge(connection, tables.ATTEMPTS, tables.insert, chain.from_iterable(map(attempt_rows, news)))
    merge(connection, tables.PUBLICATIONS, tables.insert, published.values())


def _take_over_tasks(connection: duckdb.DuckDBPyConnection, rows: Sequence[TaskRow]) -> None:
    known = read(connection, lambda id_, *place: (id_, place), queries.KNOWN_TASKS, ids=[row.id for row in rows])
    places = dict(known)
    first: dict[str, TaskRow] = {}
    repeats = []
    for row in rows:
        # Without the cluster: where a broker reports no id, it has another name under another address.
        place = (row.ledger, row.ledger_partition, row.ledger_position)
        if places.setdefault(row.id, place) == place:
            first.setdefault(row.id, row)
        else:
            repeats.append(RepeatRow(row.id, row.cluster, *place, row.outcome))
    merge(connection, tables.TASKS, tables.insert, first.values())
    merge(connection, tables.TASK_REPEATS, tables.insert, repeats)


def _unread(row: LedgerPositionRow) -> LedgerPositionRow:
    return LedgerPositionRow(row.cluster, row.topic, row.partition)
