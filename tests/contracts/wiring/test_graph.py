"""The graph over all contracts, and the findings about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from omni_assets.contracts import Grammar, Manifest
from omni_assets.contracts.wiring.findings import wiring_findings
from omni_assets.contracts.wiring.graph import Wiring, wire

GRAMMAR = Grammar()
Assemble = Callable[..., Manifest]


def contract(name: str, publishes: str = "", subscribes: str = "", more: str = "") -> str:
    """A contract in the short form; topics by spaces."""
    return (
        f"name: {name}\n{more}event_bus:\n"
        f"  publish_topics: [{', '.join(publishes.split())}]\n  subscribe_topics: [{', '.join(subscribes.split())}]\n"
    )


@pytest.fixture
def wired(assemble: Assemble) -> Callable[..., Wiring]:
    return lambda *texts: wire(assemble(*texts), GRAMMAR)


@pytest.fixture
def findings(assemble: Assemble) -> Callable[..., list[tuple[str, str, str | None]]]:
    """Code, severity and topic of each finding."""

    def of(*texts: str) -> list[tuple[str, str, str | None]]:
        return [
            (each.rule.code, each.severity.value, each.topic) for each in wiring_findings(assemble(*texts), GRAMMAR)
        ]

    return of


def test_two_names_that_one_node_publishes_may_both_be_meant(
    findings: Callable[..., list[tuple[str, str, str | None]]],
) -> None:
    doing, done, slip = (f"onex.evt.worker.job-{word}.v1" for word in ("processing", "processed", "Processed"))
    reader = contract("reader", subscribes=done)

    def severity(*texts: str) -> list[str]:
        return [level for code, level, _ in findings(*texts) if code == "OM203"]

    assert severity(contract("worker", f"{doing} {done}"), reader) == ["warning"]
    assert severity(contract("worker", doing), contract("other", done), reader) == ["error"]
    assert severity(contract("worker", doing), reader) == ["error"]
    assert severity(contract("worker", f"{slip} {done}"), reader) == ["error"]


A, B, C = (f"onex.evt.{name}.done.v1" for name in ("alpha", "beta", "gamma"))
DO = "onex.cmd.alpha.begin-work.v1"


def test_who_reads_writes_and_feeds(wired: Callable[..., Wiring]) -> None:
    found = wired(contract("a", A), contract("b", B, A), contract("c", "", f"{A} {B}"))
    assert found.nodes == ("a", "b", "c")
    assert found.writes == {"a": {A}, "b": {B}, "c": set()}
    assert found.reads == {"a": set(), "b": {A}, "c": {A, B}}
    assert found.feeds == {"a": ("b", "c"), "b": ("c",), "c": ()}
    assert (found.sources, found.sinks, found.dead_ends, found.cycles) == (("a",), ("c",), (), ())
    assert found.between("a", "c") == (A,)


def test_a_dead_letter_feeds_nobody(wired: Callable[..., Wiring]) -> None:
    letter = "onex.dlq.alpha.letters.v1"
    found = wired(contract("a", f"{A} {letter}", B), contract("b", B, f"{A} {letter}"))
    assert found.between("a", "b") == (A,)
    assert wired(contract("a", letter, B), contract("b", B, letter)).cycles == ()


def test_cycles_and_a_node_that_feeds_itself(wired: Callable[..., Wiring]) -> None:
    found = wired(contract("a", A, C), contract("b", B, A), contract("c", C, B), contract("d", DO, DO))
    assert found.cycles == (("a", "b", "c"), ("d",))


def test_around_a_node_or_a_topic(wired: Callable[..., Wiring]) -> None:
    found = wired(contract("a", A), contract("b", B, A), contract("c", C, B))
    assert set(found.around("b").topics) == {A, B}
    assert set(found.around(C).topics) == {C}
    assert found.around("nobody").nodes == ()


def test_an_event_without_a_publisher_starves_its_subscriber(findings) -> None:  # type: ignore[no-untyped-def]
    assert findings(contract("a", "", A)) == [("OM201", "warning", A)]


def test_a_command_may_come_from_a_person(findings) -> None:  # type: ignore[no-untyped-def]
    assert findings(contract("a", "", DO)) == [("OM201", "note", DO)]


def test_an_event_that_nobody_reads_is_a_note(findings) -> None:  # type: ignore[no-untyped-def]
    assert findings(contract("a", A)) == [("OM202", "note", A)]


def test_a_command_that_nobody_handles_is_an_error(findings) -> None:  # type: ignore[no-untyped-def]
    assert findings(contract("a", DO)) == [("OM202", "error", DO)]


def test_a_dead_letter_that_nobody_reads_is_usual(findings) -> None:  # type: ignore[no-untyped-def]
    assert findings(contract("a", "onex.dlq.alpha.letters.v1")) == []


@pytest.mark.parametrize(
    "text",
    [
        contract("a", A) + f"  externally_consumed_topics: [{A}]\n",
        contract("a", DO, more=f"externally_consumed_topics: [{DO}]\n"),
        contract("a", "", A) + f"  subscribe_topic_metadata:\n    {A}:\n      external_publisher: {{repo: other}}\n",
    ],
)
def test_who_is_outside_ends_a_dangling_topic(text: str, findings) -> None:  # type: ignore[no-untyped-def]
    assert findings(text) == []


def test_a_dead_end_and_a_cycle_are_told_as_what_they_are(findings, assemble: Assemble) -> None:  # type: ignore[no-untyped-def]
    assert ("OM204", "note", None) in findings(contract("a", A), contract("b", B, A))
    (cycle,) = list(wiring_findings(assemble(contract("a", A, B), contract("b", B, A)), GRAMMAR))
    assert (cycle.rule.code, cycle.severity) == ("OM205", "note")
    assert f"`a` → `{A}` → `b` → `{B}` → `a`" in cycle.message


def test_a_near_miss_names_both_places_and_what_to_write(assemble: Assemble) -> None:
    written = A.replace("done", "work_done")
    manifest = assemble(contract("a", written), contract("b", "", A.replace("done", "work-done")))
    (miss,) = [each for each in wiring_findings(manifest, GRAMMAR) if each.rule.name == "near-miss"]
    assert miss.message == f"`{written}` is published here and nobody subscribes it."
    assert (miss.location.line, miss.location.column) == (3, 20)
    ((place, said),) = miss.related
    assert place.path.endswith("node-1/contract.yaml")
    assert said == f"subscribes `{A.replace('done', 'work-done')}`; they differ in `_` and `-`"
    assert miss.fix == f"publish `{A.replace('done', 'work-done')}`"
    assert miss.near == (A.replace("done", "work-done"),)
    assert miss.severity == "error"


def test_a_difference_that_may_be_meant_is_a_warning(findings) -> None:  # type: ignore[no-untyped-def]
    later = A.replace("v1", "v2")
    assert [each[:2] for each in findings(contract("a", later), contract("b", "", A)) if each[0] == "OM203"] == [
        ("OM203", "warning")
    ]


def test_every_dangling_name_of_a_custom_grammar_is_found(assemble: Assemble) -> None:
    grammar = Grammar("acme.{producer}.{kind}.{event}.v{N}", ("event", "command"), "[a-z]+(?:_[a-z]+)*", ("command",))
    from omni_assets.contracts import ContractTopicExtractor

    manifest = assemble(
        contract("a", "acme.a.command.go_on.v1 acme.a.event.all_done.v1"), contract("b", "", "acme.a.event.alldone.v1")
    )
    paths = [each.location.path for each in manifest.contracts]
    found = wiring_findings(ContractTopicExtractor(grammar).extract(paths), grammar)
    assert {(each.rule.code, each.topic) for each in found} >= {
        ("OM202", "acme.a.command.go_on.v1"),
        ("OM203", "acme.a.event.alldone.v1"),
    }
