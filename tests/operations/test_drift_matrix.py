"""Each kind of drift that the embedded broker can show: made by an independent client, found, settled or surfaced.

What is settled converges: the second run sends not one request that would change something, counted by a proxy between
omni and the broker.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from omni_assets.drift.diff import Drift
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Reason, Verdict
from omni_assets.operations.apply import StepOutcome, apply, apply_safe
from omni_assets.operations.context import Context
from omni_assets.operations.observe import drift
from omni_assets.operations.plan import make_plan
from omni_assets.operations.provision import provision
from tests.support import tampering
from tests.support.proxy import Proxy

pytestmark = pytest.mark.broker

UNKEYED, KEYED, COMPACTED = (f"onex.evt.router.{event}.v1" for event in ("scored", "routed", "decided"))
STRANGER, MISSPELT = "onex.evt.stranger.thing-done.v1", "onex.evt.router.scored_.v1"
CONTRACT = f"""\
event_bus:
  publish_topics:
    - {{topic: {UNKEYED}, partitions: 2, keyed: false, config: {{retention.ms: 7d, max.message.bytes: 2MiB}}}}
    - {{topic: {KEYED}, partitions: 2, keyed: true, config: {{retention.ms: 7d, retention.bytes: 1GiB}}}}
    - {{topic: {COMPACTED}, partitions: 2, config: {{cleanup.policy: compact, retention.ms: 7d}}}}
"""
AUTO, ASK, NEVER, UNKNOWN = (
    Verdict.AUTO_FIXABLE,
    Verdict.NEEDS_APPROVAL,
    Verdict.UNFIXABLE,
    Verdict.UNKNOWN,
)
CONFIG = DriftKind.CONFIG


class Case(NamedTuple):
    """What somebody does to the broker or to a contract, and what omni says of it."""

    name: str
    induce: Callable[..., object]
    topic: str
    kind: DriftKind
    field: str
    verdict: Verdict
    reason: Reason
    contract: str = CONTRACT


def stated(old: str, new: str) -> str:
    assert old in CONTRACT
    return CONTRACT.replace(old, new)


def alter(topic: str, key: str, value: str) -> Callable[..., object]:
    return lambda broker: tampering.set_config(broker.client, topic, key, value)


def again(topic: str, partitions: int, **config: str) -> Callable[..., object]:
    """Delete a topic and make it anew."""

    def induce(broker) -> None:
        tampering.delete(broker.client, topic)
        own = {key.replace("_", "."): value for key, value in config.items()}
        tampering.create(broker.client, topic, partitions, own)

    return induce


def strand(broker) -> None:
    tampering.create(broker.client, MISSPELT)
    tampering.write(broker.bootstrap_servers, MISSPELT, 9)


def nothing(_broker) -> None:
    """The contract alone is another."""


CASES = (
    Case("missing", lambda broker: tampering.delete(broker.client, KEYED),
         KEYED, DriftKind.MISSING, "", AUTO, Reason.CREATE_IS_SAFE),
    Case("orphaned", lambda broker: tampering.create(broker.client, STRANGER),
         STRANGER, DriftKind.ORPHANED, "", ASK, Reason.UNDECLARED_TOPIC),
    Case("stranded", strand,
         MISSPELT, DriftKind.STRANDED, "", ASK, Reason.RECORDS_STRANDED),
    Case("partitions under, not keyed", again(UNKEYED, 1, retention_ms="604800000", max_message_bytes="2097152"),
         UNKEYED, DriftKind.PARTITIONS, "partitions", AUTO, Reason.UNKEYED_PARTITIONS_GROW),
    Case("partitions under, keyed", again(KEYED, 1, retention_ms="604800000", retention_bytes="1073741824"),
         KEYED, DriftKind.PARTITIONS, "partitions", ASK, Reason.KEYED_ORDER_CHANGES),
    Case("partitions over", lambda broker: tampering.grow(broker.client, UNKEYED, 5),
         UNKEYED, DriftKind.PARTITIONS, "partitions", NEVER, Reason.PARTITIONS_CANNOT_SHRINK),
    Case("retention cut", alter(KEYED, "retention.ms", "3600000"),
         KEYED, CONFIG, "retention.ms", AUTO, Reason.KEEPS_MORE),
    Case("retention raised", alter(KEYED, "retention.ms", "-1"),
         KEYED, CONFIG, "retention.ms", ASK, Reason.KEEPS_LESS),
    Case("retention by size cut", alter(KEYED, "retention.bytes", "1000"),
         KEYED, CONFIG, "retention.bytes", AUTO, Reason.KEEPS_MORE),
    Case("retention by size unlimited", alter(KEYED, "retention.bytes", "-1"),
         KEYED, CONFIG, "retention.bytes", ASK, Reason.KEEPS_LESS),
    Case("retention nought", alter(KEYED, "retention.ms", "0"),
         KEYED, CONFIG, "retention.ms", ASK, Reason.ZERO_IS_AMBIGUOUS),
    Case("smaller batches", alter(UNKEYED, "max.message.bytes", "1000"),
         UNKEYED, CONFIG, "max.message.bytes", AUTO, Reason.ACCEPTS_MORE),
    Case("larger batches", alter(UNKEYED, "max.message.bytes", "9000000"),
         UNKEYED, CONFIG, "max.message.bytes", ASK, Reason.ACCEPTS_LESS),
    Case("compaction off", alter(COMPACTED, "cleanup.policy", "delete"),
         COMPACTED, CONFIG, "cleanup.policy", ASK, Reason.CLEANUP_POLICY_CHANGES),
    Case("a key that nobody reviewed", alter(KEYED, "segment.ms", "1000"),
         KEYED, CONFIG, "segment.ms", ASK, Reason.EFFECT_UNREVIEWED,
         stated("retention.bytes: 1GiB", "retention.bytes: 1GiB, segment.ms: 1d")),
    Case("a key that nobody declares", alter(KEYED, "segment.ms", "1000"),
         KEYED, CONFIG, "segment.ms", ASK, Reason.UNDECLARED_OVERRIDE),
    Case("a key without an effect", nothing,
         KEYED, CONFIG, "redpanda.remote.read", NEVER, Reason.NO_EFFECT_HERE,
         stated("retention.bytes: 1GiB", "retention.bytes: 1GiB, redpanda.remote.read: true")),
    Case("contracts that disagree", alter(KEYED, "retention.ms", "1000"),
         KEYED, DriftKind.CONFLICT, "", NEVER, Reason.CONFLICTING_SETTINGS,
         f"{CONTRACT}    - {{topic: {KEYED}, partitions: 3}}\n"),
)  # fmt: skip


@pytest.fixture
def proxy(broker, proxied: Callable[[str], Proxy]) -> Proxy:
    return proxied(broker.bootstrap_servers)


@pytest.fixture
def context(proxy, write_contract, context_of) -> Context:
    """Three topics that are as declared, seen through the proxy."""
    write_contract(CONTRACT)
    context = context_of(proxy.bootstrap_servers)
    assert provision(context, context.manifest()).clean
    return context


def found(context: Context) -> list[Drift]:
    return [row.drift for row in drift(context, context.manifest()).rows]


def same(row: Drift) -> tuple[object, ...]:
    return (row.topic, row.kind, row.field, row.verdict, row.reason)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_found_and_settled_as_far_as_it_may_be(case: Case, context, broker, proxy, write_contract):
    case.induce(broker)
    write_contract(case.contract)
    proxy.reset()
    assert [same(row) for row in found(context)] == [case[2:7]]
    assert proxy.writes == 0, proxy.requests

    safe = apply_safe(context, context.manifest())
    assert [each.step.topic for each in safe.carried] == ([case.topic] if case.verdict is AUTO else [])
    plan = make_plan(context, context.manifest()).plan
    done = apply(context, context.manifest(), plan, ["all"])
    assert {each.outcome for each in (*safe.carried, *done.carried)} <= {StepOutcome.APPLIED}
    surfaced = case.verdict is NEVER or case.kind in (DriftKind.ORPHANED, DriftKind.STRANDED)
    assert [same(row) for row in found(context)] == ([case[2:7]] if surfaced else [])
    assert [same(row) for row in plan.surfaced] == ([case[2:7]] if surfaced else [])

    proxy.reset()
    assert apply_safe(context, context.manifest()).carried == ()
    again = make_plan(context, context.manifest()).plan
    assert apply(context, context.manifest(), again, ["all"]).carried == ()
    assert proxy.writes == 0, proxy.requests


def test_records_that_lie_stranded_are_counted_and_their_home_is_named(context, broker):
    strand(broker)
    (row,) = found(context)
    assert (row.declared, row.observed) == (UNKEYED, "<=9 records")
    assert "contract.yaml:" in row.detail


READERS = f"""\
event_bus:
  publish_topics:
    - {{topic: {UNKEYED}, partitions: 1, keyed: false, retention: 7d}}
"""


def readers(write_contract, tmp_path: Path, context_of, address: str, settings: str) -> Context:
    """The router publishes, the reviewer subscribes."""
    (tmp_path / "omni.toml").write_text(settings, encoding="utf-8")
    write_contract(READERS)
    write_contract(f"event_bus:\n  subscribe_topics: [{UNKEYED}]\n", "reviewer")
    context = context_of(address)
    assert provision(context, context.manifest()).clean
    return context


def test_a_subscription_that_nobody_reads(broker, proxy, write_contract, tmp_path, context_of):
    context = readers(
        write_contract, tmp_path, context_of, proxy.bootstrap_servers, '[reconcile]\nsilent_readers = "always"\n'
    )
    (row,) = found(context)
    assert same(row) == (UNKEYED, DriftKind.SILENT_READER, "node:reviewer", NEVER, Reason.NOBODY_READS)
    assert row.owner == "reviewer"
    tampering.commit(broker.bootstrap_servers, "reviewer-1", UNKEYED, 0)
    assert found(context) == []


def test_a_reader_that_no_contract_names(broker, proxy, write_contract, tmp_path, context_of):
    context = readers(write_contract, tmp_path, context_of, proxy.bootstrap_servers, "")
    tampering.commit(broker.bootstrap_servers, "reviewer", UNKEYED, 0)
    stranger = tampering.read(broker.bootstrap_servers, "billing", [UNKEYED])
    try:
        (row,) = found(context)
    finally:
        stranger.close()
    assert same(row) == (UNKEYED, DriftKind.SILENT_READER, "group:billing", NEVER, Reason.READER_UNDECLARED)


def test_a_reader_that_is_stuck_while_records_arrive(broker, proxy, write_contract, tmp_path, context_of):
    context = readers(
        write_contract, tmp_path, context_of, proxy.bootstrap_servers, '[reconcile]\nstuck_after = "1s"\n'
    )
    tampering.write(broker.bootstrap_servers, UNKEYED, 3)
    tampering.commit(broker.bootstrap_servers, "reviewer", UNKEYED, 1)
    assert found(context) == []
    tampering.wait_until(lambda: _stuck_after_more(context, broker), "the reader to count as stuck")
    (row,) = found(context)
    assert same(row) == (UNKEYED, DriftKind.SILENT_READER, "group:reviewer", NEVER, Reason.READER_STUCK)
    tampering.commit(broker.bootstrap_servers, "reviewer", UNKEYED, 2)
    assert found(context) == []


def _stuck_after_more(context: Context, broker) -> bool:
    tampering.write(broker.bootstrap_servers, UNKEYED, 1)
    return bool(found(context))


def test_a_writer_that_fell_silent(broker, proxy, write_contract, tmp_path, context_of):
    settings = '[reconcile]\nsilent_after = "1d"\n'
    context = readers(write_contract, tmp_path, context_of, proxy.bootstrap_servers, settings)
    assert found(context) == [], "nobody knows yet since when it is silent"
    tampering.write(broker.bootstrap_servers, UNKEYED, 2, timedelta(days=3))
    (row,) = found(context)
    assert same(row) == (UNKEYED, DriftKind.SILENT_WRITER, "", NEVER, Reason.NOTHING_WRITTEN)
    tampering.write(broker.bootstrap_servers, UNKEYED, 1)
    assert found(context) == []


class Wish(NamedTuple):
    """What ``omni.toml`` wants of one key, and what becomes of a value that is longer than declared."""

    name: str
    rule: str
    verdict: Verdict | None
    reason: Reason | None


WISHES = (
    Wish("ignored", '{ compare = "ignore" }', None, None),
    Wish("corrected unasked", '{ fix = "auto" }', AUTO, Reason.SETTINGS_FIX),
    Wish("asked", '{ fix = "ask" }', ASK, Reason.KEEPS_LESS),
    Wish("never", '{ fix = "never" }', NEVER, Reason.SETTINGS_NEVER),
)


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.name)
@pytest.mark.parametrize("table", ["reconcile", "environments.default.reconcile"])
def test_the_owner_decides(wish: Wish, table: str, context, broker, proxy, context_of, tmp_path):
    tampering.set_config(broker.client, KEYED, "retention.ms", "-1")
    rule = f'[{table}.config]\n"retention.ms" = {wish.rule}\n'
    (tmp_path / "omni.toml").write_text(rule, encoding="utf-8")
    wanted = context_of(proxy.bootstrap_servers)
    expected = [(KEYED, CONFIG, "retention.ms", wish.verdict, wish.reason)] if wish.verdict else []
    assert [same(row) for row in found(wanted)] == expected
    done = apply_safe(wanted, wanted.manifest())
    assert [each.step.topic for each in done.carried] == ([KEYED] if wish.verdict is AUTO else [])
    assert len(done.left) == (wish.verdict is ASK)
    kept = tampering.own_configs(broker.client, KEYED)["retention.ms"]
    assert kept == ("604800000" if wish.verdict is AUTO else "-1")


def test_an_environment_differs_from_the_others(context, broker, proxy, context_of, tmp_path):
    tampering.set_config(broker.client, KEYED, "retention.ms", "3600000")
    (tmp_path / "omni.toml").write_text(
        '[environments.prod.reconcile.config]\n"retention.ms" = { fix = "ask" }\n', encoding="utf-8"
    )
    prod = context_of(proxy.bootstrap_servers, {"OMNI_ENV": "prod"})
    assert [same(row)[3:] for row in found(prod)] == [(ASK, Reason.SETTINGS_ASK)]
    assert apply_safe(prod, prod.manifest()).carried == ()
    other = context_of(proxy.bootstrap_servers)
    assert len(apply_safe(other, other.manifest()).carried) == 1


def test_a_pinned_key_has_to_be_the_topics_own(context, broker, proxy, context_of, tmp_path):
    tampering.clear_config(broker.client, KEYED, "retention.ms")
    assert found(context) == [], "the broker's default is the declared value"
    (tmp_path / "omni.toml").write_text('[reconcile.config]\n"retention.ms" = { compare = "pin" }\n', encoding="utf-8")
    pinned = context_of(proxy.bootstrap_servers)
    assert [same(row) for row in found(pinned)] == [(KEYED, CONFIG, "retention.ms", AUTO, Reason.NOT_PINNED)]
    assert apply_safe(pinned, pinned.manifest()).clean
    assert tampering.own_configs(broker.client, KEYED)["retention.ms"] == "604800000"
    assert found(pinned) == []


def test_partitions_and_missing_topics_follow_the_settings_too(context, broker, proxy, context_of, tmp_path):
    tampering.delete(broker.client, KEYED)
    tampering.grow(broker.client, UNKEYED, 4)
    (tmp_path / "omni.toml").write_text(
        '[reconcile]\nmissing = { fix = "never" }\npartitions = { compare = "ignore" }\n', encoding="utf-8"
    )
    wanted = context_of(proxy.bootstrap_servers)
    assert [same(row) for row in found(wanted)] == [(KEYED, DriftKind.MISSING, "", NEVER, Reason.SETTINGS_NEVER)]
    assert apply_safe(wanted, wanted.manifest()).carried == ()
    assert KEYED not in tampering.partitions_of(broker.client)
