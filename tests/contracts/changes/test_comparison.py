"""What changed between two manifests, whom it would hurt, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts import Contract, ContractTopicExtractor, Finding, Grammar, Manifest, Role, Severity
from omni_assets.contracts.changes.comparison import Change, ChangeKind, aligned, compare
from omni_assets.contracts.changes.findings import unread_findings, with_findings

EXTRACTOR = ContractTopicExtractor()
GRAMMAR = Grammar()
DONE, FAILED = "onex.evt.router.done.v1", "onex.evt.router.failed.v1"
ROUTE = "onex.cmd.router.route.v1"


def contract(
    node: str,
    publishes: list[str] | None = None,
    subscribes: list[str] | None = None,
    consumed_outside: list[str] | None = None,
    **settings: object,
) -> Contract:
    """A contract in ``contracts/<node>``; the settings are those of what it publishes."""
    lines = [f"name: {node}", "event_bus:"]
    if publishes:
        lines.append("  publish_topics:")
    for topic in publishes or ():
        lines += [f"    - topic: {topic}", *(f"      {key}: {value}" for key, value in settings.items())]
    if subscribes:
        lines += ["  subscribe_topics:", *(f"    - {topic}" for topic in subscribes)]
    if consumed_outside:
        lines += ["  externally_consumed_topics:", *(f"    - {topic}" for topic in consumed_outside)]
    return EXTRACTOR.parsed(f"contracts/{node}/contract.yaml", "\n".join(lines).encode())


def manifest(*contracts: Contract) -> Manifest:
    return EXTRACTOR.assemble(contracts)


def changes(before: Manifest, after: Manifest) -> tuple[Change, ...]:
    return with_findings(compare(before, after, GRAMMAR), before, after, GRAMMAR, "main")


def only(before: Manifest, after: Manifest) -> Change:
    """The one change that there is."""
    (change,) = changes(before, after)
    return change


def hurt(change: Change) -> Mapping[str | None, int]:
    """Who would notice, with the lines."""
    return {each.node: each.location.line for each in change.hurts}


def test_a_topic_that_is_new() -> None:
    change = only(manifest(contract("router", [DONE])), manifest(contract("router", [DONE, FAILED])))
    assert (change.kind, change.before, change.after) == (ChangeKind.ADDED, None, FAILED)
    assert (change.code, change.severity) == ("OM504", Severity.NOTE)
    assert change.hurts == ()
    assert change.findings[0].location == change.now


def test_a_topic_that_is_removed_with_all_of_its_subscribers_hurts_nobody() -> None:
    before = manifest(contract("router", [DONE, FAILED]), contract("merger", [], [DONE]))
    change = only(before, manifest(contract("router", [FAILED])))
    assert (change.kind, change.topic, change.after) == (ChangeKind.REMOVED, DONE, None)
    assert (change.code, change.severity) == ("OM505", Severity.WARNING)
    assert change.hurts == ()
    (finding,) = change.findings
    assert finding.location.path == "contracts/router/contract.yaml"
    assert finding.message == f"`{DONE}` is no longer declared, nor subscribed: 1 node did at main."
    assert finding.related == ((before.topics[DONE].owner.location, "declared here at main"),)


def test_a_finding_about_a_contract_that_is_gone_names_its_old_line() -> None:
    before = manifest(contract("router", [DONE]), contract("merger", [FAILED]))
    change = only(before, manifest(contract("merger", [FAILED])))
    assert change.findings[0].location == before.topics[DONE].owner.location


def test_a_topic_that_somebody_still_subscribes_is_an_error_at_each_of_their_lines() -> None:
    readers = [contract("merger", [], [DONE]), contract("auditor", [], [DONE])]
    change = only(manifest(contract("router", [DONE]), *readers), manifest(*readers))
    assert (change.code, change.severity, change.after) == ("OM501", Severity.ERROR, None)
    assert hurt(change) == {"merger": 4, "auditor": 4}
    assert [each.location.path for each in change.findings] == [each.location.path for each in readers]
    assert "`merger` still subscribes it" in change.findings[0].message


def test_a_topic_that_nobody_published_before_is_not_removed_now() -> None:
    reader = contract("merger", [], [DONE])
    assert changes(manifest(reader), manifest(reader, contract("router", [FAILED])))[0].kind is ChangeKind.ADDED


def test_a_command_that_no_contract_sends_any_more_is_an_error_too() -> None:
    handler = contract("router", [], [ROUTE])
    change = only(manifest(contract("merger", [ROUTE]), handler), manifest(handler))
    assert (change.code, change.severity) == ("OM501", Severity.ERROR)


def test_a_reader_outside_is_told_of_even_when_its_contract_went_too() -> None:
    before = manifest(contract("router", [DONE], consumed_outside=[DONE]), contract("merger", [FAILED]))
    change = only(before, manifest(contract("merger", [FAILED])))
    assert change.code == "OM505"
    assert [(each.node, each.role) for each in change.hurts] == [(None, Role.SUBSCRIBES)]
    assert "somebody outside subscribes it" in change.findings[0].message


def test_a_rename_that_subscribers_follow() -> None:
    before = manifest(contract("router", [DONE]), contract("merger", [], [DONE]))
    new = "onex.evt.router.done.v2"
    change = only(before, manifest(contract("router", [new]), contract("merger", [], [new])))
    assert (change.kind, change.before, change.after) == (ChangeKind.RENAMED, DONE, new)
    assert (change.code, change.severity) == ("OM502", Severity.WARNING)
    assert hurt(change) == {"merger": 4}
    (finding,) = change.findings
    assert finding.near == (DONE,)
    assert "differ" in finding.message


def test_a_rename_that_a_subscriber_missed_names_the_new_name_at_its_line() -> None:
    reader = contract("merger", [], [FAILED, DONE])
    before = manifest(contract("router", [DONE, FAILED]), reader)
    new = "onex.evt.router.finished.v1"
    change = only(before, manifest(contract("router", [new, FAILED]), reader))
    assert (change.kind, change.code, change.severity) == (ChangeKind.RENAMED, "OM501", Severity.ERROR)
    assert hurt(change) == {"merger": 5}
    (finding,) = change.findings
    assert (finding.location.path, finding.location.line) == ("contracts/merger/contract.yaml", 5)
    assert finding.message == f"`{DONE}` was renamed to `{new}`, and `merger` still subscribes the old name."
    assert finding.fix == f"subscribe `{new}`"


def test_a_publisher_that_misspells_its_topic_is_found_by_its_subscriber() -> None:
    reader = contract("merger", [], ["onex.evt.router.routing-complete.v1"])
    before = manifest(contract("router", ["onex.evt.router.routing-complete.v1"]), reader)
    change = only(before, manifest(contract("router", ["onex.evt.router.routing_complete.v1"]), reader))
    assert (change.kind, change.code) == (ChangeKind.RENAMED, "OM501")
    assert change.after == "onex.evt.router.routing_complete.v1"


def test_a_publisher_that_comes_round_to_what_was_waited_for_is_renamed() -> None:
    reader = contract("merger", [], ["onex.evt.router.completed.v1"])
    before = manifest(contract("router", ["onex.evt.router.complete.v1"]), reader)
    change = only(before, manifest(contract("router", ["onex.evt.router.completed.v1"]), reader))
    assert (change.kind, change.code) == (ChangeKind.RENAMED, "OM502")


def test_settings_that_hurt_readers_name_them() -> None:
    reader = contract("merger", [], [DONE])
    before = manifest(contract("router", [DONE], partitions=3, retention="7d"), reader)
    change = only(before, manifest(contract("router", [DONE], partitions=3, retention="1d"), reader))
    assert (change.kind, change.code, change.severity) == (ChangeKind.SETTINGS, "OM503", Severity.WARNING)
    assert [str(each) for each in change.settings] == ["retention.ms 7d -> 1d"]
    assert hurt(change) == {"merger": 4}
    assert (
        "retention.ms 7d -> 1d (a subscriber that is more than 1d behind loses records)" in change.findings[0].message
    )


def test_settings_that_refuse_records_name_publishers() -> None:
    reader = contract("merger", [], [DONE])
    before = manifest(contract("router", [DONE], partitions=3), reader)
    change = only(before, manifest(contract("router", [DONE], partitions=3, **{"min.insync.replicas": 2}), reader))
    assert hurt(change) == {"router": 4}


def test_settings_that_hurt_nobody_are_a_note() -> None:
    before = manifest(contract("router", [DONE], keyed="false", partitions=3))
    change = only(before, manifest(contract("router", [DONE], keyed="false", partitions=6)))
    assert (change.code, change.severity, change.hurts) == ("OM503", Severity.NOTE, ())


def test_settings_on_which_contracts_disagree_are_not_compared() -> None:
    before = manifest(contract("router", [DONE], partitions=3), contract("merger", [DONE], partitions=3))
    after = manifest(contract("router", [DONE], partitions=3), contract("merger", [DONE], partitions=6))
    assert changes(before, after) == ()


def test_nodes_that_come_and_go_are_worth_knowing_and_no_finding() -> None:
    router = contract("router", [DONE])
    change = only(manifest(router, contract("merger", [], [DONE])), manifest(router, contract("auditor", [], [DONE])))
    assert (change.kind, change.code, change.severity) == (ChangeKind.NODES, None, Severity.NOTE)
    assert [each.node for each in change.left] == ["merger"]
    assert [each.node for each in change.joined] == ["auditor"]
    assert change.findings == ()


def test_a_contract_that_was_moved_has_changed_nothing() -> None:
    text = f"name: router\nevent_bus:\n  publish_topics:\n    - {DONE}\n".encode()
    there, here = EXTRACTOR.parsed("old/contract.yaml", text), EXTRACTOR.parsed("new/contract.yaml", text)
    assert changes(manifest(there), manifest(here)) == ()


@pytest.mark.parametrize("broken", [b"", b"a: [", b"- a list", b"\xff"])
def test_a_contract_that_cannot_be_read_is_taken_as_the_other_side_has_it(broken: bytes) -> None:
    whole = contract("router", [DONE])
    unread = EXTRACTOR.parsed(whole.location.path, broken)
    old, new = aligned((whole,), (unread,))
    assert changes(manifest(*old), manifest(*new)) == ()
    back_old, back_new = aligned((unread,), (whole,))
    assert changes(manifest(*back_old), manifest(*back_new)) == ()
    assert [each.location.path for each in unread_findings(manifest(unread))] == [whole.location.path]
    assert unread_findings(manifest(whole)) == ()


def test_what_is_unread_in_a_moved_place_stands_for_nothing_else() -> None:
    whole, unread = contract("router", [DONE]), EXTRACTOR.parsed("contracts/merger/contract.yaml", b"a: [")
    old, new = aligned((whole,), (unread,))
    assert (old, new) == ((whole,), ())


names = st.builds(
    lambda kind, event, version: f"onex.{kind}.router.{event}.v{version}",
    st.sampled_from(["evt", "cmd"]),
    st.sampled_from(["done", "failed", "review-complete", "review-completed", "review_complete", "routed"]),
    st.integers(1, 2),
)
SCHEMA = "{type: object, required: [verdict], properties: {verdict: {type: string}}}"
NEEDS_MORE = SCHEMA.replace("[verdict]", "[verdict, score]")


def with_schema(schema: str, role: str = "publish_topics") -> Contract:
    text = f"name: router\nevent_bus:\n  {role}:\n    - topic: {DONE}\n      schema: {schema}\n"
    return EXTRACTOR.parsed("contracts/router/contract.yaml", text.encode())


def handled(handler: str) -> Contract:
    topics = f"{{subscribe_topics: [{ROUTE}], publish_topics: [onex.intent.router.merge.v1]}}"
    text = f"name: router\n{handler}event_bus: {topics}\n"
    return EXTRACTOR.parsed("contracts/router/contract.yaml", text.encode())


def test_a_schema_that_its_readers_would_feel_is_a_risk_that_names_them() -> None:
    reader = contract("merger", [], [DONE])
    change = only(manifest(with_schema(SCHEMA), reader), manifest(with_schema(NEEDS_MORE), reader))
    assert (change.kind, change.code, change.severity) == (ChangeKind.SCHEMA, "OM506", Severity.WARNING)
    assert hurt(change) == {"merger": 4}
    (finding,) = change.findings
    assert (finding.topic, finding.location.line) == (DONE, 5)
    assert finding.message.startswith(
        f"the records of `{DONE}` have another schema than at main: $.score absent -> required (records without it"
    )
    assert [text for _, text in finding.related] == ["as it was at main", "`merger` subscribes it"]


def test_a_command_that_needs_more_hurts_those_who_send_it_too() -> None:
    sender = contract("console", [DONE])
    before, after = (with_schema(each, "subscribe_topics") for each in (SCHEMA, NEEDS_MORE))
    assert hurt(only(manifest(before, sender), manifest(after, sender))) == {"console": 4}


def test_a_field_that_need_not_be_there_is_a_note() -> None:
    wider = SCHEMA.replace("properties: {", "properties: {score: {type: number}, ")
    reader = contract("merger", [], [DONE])
    change = only(manifest(with_schema(SCHEMA), reader), manifest(with_schema(wider), reader))
    assert (change.code, change.severity, change.hurts) == ("OM506", Severity.NOTE, ())


def test_a_schema_that_cannot_be_used_is_not_compared() -> None:
    assert changes(manifest(with_schema(SCHEMA)), manifest(with_schema("{minimum: .nan}"))) == ()


def test_a_handler_that_changed_is_told_field_by_field() -> None:
    before = handled('handler: {kind: python, entry: "agents.router:route"}\n')
    change = only(manifest(before), manifest(handled("handler: {kind: llm, task_class: code-review}\n")))
    assert (change.kind, change.node, change.topic) == (ChangeKind.HANDLER, "router", "")
    assert (change.code, change.severity) == ("OM507", Severity.NOTE)
    assert {(each.name, each.before, each.after) for each in change.settings} == {
        ("kind", "python", "llm"),
        ("entry", "agents.router:route", None),
        ("task_class", None, "code-review"),
    }
    (finding,) = change.findings
    assert finding.message.startswith("`router` has another handler than at main: kind python -> llm")
    assert (finding.location.line, finding.topic) == (2, None)


def test_an_effect_more_and_a_handler_that_comes_or_goes_are_told() -> None:
    plain = handled('handler: {kind: python, entry: "a:b"}\n')
    merging = handled('handler: {kind: python, entry: "a:b", effects: [merge]}\n')
    change = changes(manifest(plain), manifest(merging))[0]
    told = {each.name: (each.before, each.after) for each in change.settings}
    assert told["effects"] == (None, "merge")
    assert "entry" not in told
    assert {each.name for each in only(manifest(handled("")), manifest(plain)).settings} == {"kind", "entry"}
    assert changes(manifest(plain), manifest(plain)) == ()


topics = st.lists(names, max_size=5, unique=True)
manifests = st.builds(
    lambda router, merger, outside, partitions: manifest(
        contract("router", router, None, outside, partitions=partitions), contract("merger", None, merger)
    ),
    topics,
    topics,
    topics,
    st.integers(1, 3),
)


@given(manifests)
def test_nothing_changed_between_a_manifest_and_itself(one: Manifest) -> None:
    assert changes(one, one) == ()


@given(manifests, manifests)
def test_what_is_added_one_way_is_removed_the_other(one: Manifest, other: Manifest) -> None:
    there, back = changes(one, other), changes(other, one)
    added = {each.topic for each in there if each.kind is ChangeKind.ADDED}
    removed = {each.topic for each in back if each.kind is ChangeKind.REMOVED and each.topic not in one.topics}
    assert added == removed
    renamed = {(each.before, each.after) for each in there if each.kind is ChangeKind.RENAMED}
    assert renamed == {(each.after, each.before) for each in back if each.kind is ChangeKind.RENAMED}


@given(manifests, manifests)
def test_no_topic_is_told_of_twice_and_none_is_lost(one: Manifest, other: Manifest) -> None:
    found = changes(one, other)
    fates = (ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.RENAMED)
    before = [each.before for each in found if each.before and each.kind in fates]
    after = [each.after for each in found if each.after and each.kind in fates]
    assert len(before) == len(set(before))
    assert len(after) == len(set(after))
    assert one.topics.keys() - other.topics.keys() <= set(before)
    assert other.topics.keys() - one.topics.keys() <= set(after)


@given(manifests, manifests)
def test_every_error_stands_where_a_subscriber_is_today(one: Manifest, other: Manifest) -> None:
    reading = {each.location for contract in other.contracts for each in (*contract.declarations, *contract.outside)}
    errors: list[Finding] = [
        each for change in changes(one, other) for each in change.findings if each.rule.code == "OM501"
    ]
    assert {each.location for each in errors} <= reading | {
        each.location for contract in other.contracts for each in contract.misnamed
    }
