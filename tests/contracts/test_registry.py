"""The generated registry: it compiles, its values are the declared names, and equal contracts give equal bytes."""

from __future__ import annotations

import importlib
import random
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType, ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_assets.contracts import (
    ContractTopicExtractor,
    Declaration,
    Grammar,
    Location,
    Manifest,
    Role,
    Topic,
    TopicName,
    TopicSpec,
)
from omni_assets.contracts.model import Outside
from omni_assets.contracts.registry import (
    MARK,
    Layout,
    Registry,
    build,
    is_generated,
    registry_findings,
    stale_finding,
)

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SPEC = TopicSpec(1, None, None, MappingProxyType({}))
DEFAULT = Grammar()
SNAKE = Grammar("acme.{producer}.{kind}.{event}.v{N}", ("event", "command"), "[a-z]+(?:_[a-z]+)*")
GRAMMARS = (
    DEFAULT,
    SNAKE,
    Grammar("{kind}.{producer}.{event}.{N}", ("mro", "class", "0", "_", "__init__", "Name"), "[A-Za-z0-9_-]+"),
    Grammar("{N}-{event}-{producer}-{kind}", ("a.b", "None", "import"), "[A-Za-z0-9._]+"),
    Grammar("x{kind}_{producer}_{event}_r{N}-end", ("EVT", "."), "[A-Z0-9.-]+"),
)


def manifest_of(topics: Iterable[Topic]) -> Manifest:
    return Manifest((), MappingProxyType({topic.name: topic for topic in topics}), ())


def topic(
    name: str,
    grammar: Grammar = DEFAULT,
    publishers: tuple[str, ...] = ("router",),
    subscribers: tuple[str, ...] = (),
    outside: tuple[Outside, ...] = (),
) -> Topic:
    def declared(nodes: tuple[str, ...], role: Role) -> tuple[Declaration, ...]:
        return tuple(Declaration(name, role, node, "", Location(f"{node}/contract.yaml", 3, 5)) for node in nodes)

    return Topic(
        name,
        grammar.parse(name),
        SPEC,
        declared(publishers, Role.PUBLISHES),
        declared(subscribers, Role.SUBSCRIBES),
        "",
        outside,
    )


def values(module: ModuleType | Mapping[str, Any], enum: str = "Topic") -> set[str]:
    found = module[enum] if isinstance(module, Mapping) else getattr(module, enum)
    return {member.value for member in found}


def executed(registry: Registry) -> dict[str, Any]:
    (module,) = registry.modules
    scope: dict[str, Any] = {"__name__": "generated"}
    exec(compile(module.text, "generated.py", "exec"), scope)  # noqa: S102 - this is what is tested
    return scope


def imported(registry: Registry, folder: Path) -> ModuleType:
    """The generated package, under a name that no other test uses."""
    name = f"generated_{random.getrandbits(64):x}"
    package = folder / name
    package.mkdir()
    for module in registry.modules:
        (package / module.name).write_text(module.text, encoding="ascii")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        for loaded in [each for each in sys.modules if each.split(".")[0] == name]:
            del sys.modules[loaded]


def clashing(registry: Registry) -> set[str]:
    """Every name that a clash names."""
    found: set[str] = set()
    for clash in registry.clashes:
        named = [clash.topic or "", *(what.split("`")[1] for _, what in clash.related)]
        assert len(named) > 1
        assert all(f"`{name}`" in clash.message for name in named)
        found.update(named)
    return found


@st.composite
def manifests(draw: st.DrawFn) -> tuple[Grammar, Manifest]:
    grammar = draw(st.sampled_from(GRAMMARS))
    segment = st.one_of(
        st.from_regex(grammar.segment, fullmatch=True).filter(lambda text: len(text) < 50),
        st.sampled_from(["class", "import", "mro", "a-b", "a_b", "a", "b", "A", "aB", "_", "__x__", "3d", "test"]),
    )
    parts = st.builds(TopicName, st.sampled_from(grammar.kinds), segment, segment, st.integers(1, 20))
    names = draw(st.lists(parts.map(grammar.format).filter(grammar.matches), max_size=12, unique=True))
    nodes = st.lists(st.text(max_size=90), min_size=1, max_size=5).map(tuple)
    return grammar, manifest_of(topic(name, grammar, draw(nodes), draw(nodes)) for name in names)


@given(manifests())
@settings(max_examples=200, deadline=None)
def test_one_module_compiles_and_holds_every_name_but_the_clashing(drawn: tuple[Grammar, Manifest]) -> None:
    grammar, manifest = drawn
    registry = build(manifest, grammar, Layout.MODULE)
    scope = executed(registry)
    assert values(scope) == set(manifest.topics) - clashing(registry)
    assert clashing(registry) <= set(manifest.topics)
    for name, reference in registry.members.items():
        assert eval(reference, scope) == name  # noqa: S307


@given(manifests())
@settings(max_examples=60, deadline=None)
def test_a_package_imports_and_holds_every_name_but_the_clashing(drawn: tuple[Grammar, Manifest]) -> None:
    grammar, manifest = drawn
    registry = build(manifest, grammar, Layout.PACKAGE)
    with TemporaryDirectory() as folder:
        package = imported(registry, Path(folder))
    assert set(manifest.topics) - clashing(registry) == package.TOPICS
    for name, reference in registry.members.items():
        assert eval(reference, vars(package)) == name  # noqa: S307


@given(manifests(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_files_does_not_show(drawn: tuple[Grammar, Manifest], chance: random.Random) -> None:
    grammar, manifest = drawn

    def shuffled(each: Topic) -> Topic:
        publishers, subscribers = list(each.publishers), list(each.subscribers)
        chance.shuffle(publishers)
        chance.shuffle(subscribers)
        return Topic(each.name, each.parts, each.spec, tuple(publishers), tuple(subscribers))

    topics = [shuffled(each) for each in manifest.topics.values()]
    chance.shuffle(topics)
    for layout in Layout:
        assert build(manifest_of(topics), grammar, layout).modules == build(manifest, grammar, layout).modules


def test_a_member_is_the_name_without_its_prefix() -> None:
    manifest = manifest_of([topic("onex.evt.router.routing-complete.v1")])
    assert build(manifest, DEFAULT, Layout.MODULE).members == {
        "onex.evt.router.routing-complete.v1": "Topic.EVT_ROUTER_ROUTING_COMPLETE_V1"
    }
    assert build(manifest, DEFAULT, Layout.PACKAGE).members == {
        "onex.evt.router.routing-complete.v1": "RouterTopic.EVT_ROUTING_COMPLETE_V1"
    }


def test_a_grammar_of_ones_own() -> None:
    manifest = manifest_of([topic("acme.pay_desk.event.bill_paid.v2", SNAKE)])
    assert list(build(manifest, SNAKE, Layout.MODULE).members.values()) == ["Topic.PAY_DESK_EVENT_BILL_PAID_V2"]
    package = build(manifest, SNAKE, Layout.PACKAGE)
    assert list(package.members.values()) == ["PayDeskTopic.EVENT_BILL_PAID_V2"]
    assert [module.name for module in package.modules] == ["__init__.py", "_base.py", "pay_desk.py"]


def test_a_docstring_says_whose_the_topic_is() -> None:
    outside = (Outside("onex.evt.router.done.v1", Role.SUBSCRIBES, Location("router/contract.yaml")),)
    manifest = manifest_of(
        [
            topic("onex.evt.router.done.v1", publishers=("b", "a"), subscribers=("c",), outside=outside),
            topic("onex.evt.router.lost.v1"),
        ]
    )
    (module,) = build(manifest, DEFAULT, Layout.MODULE).modules
    assert '"""evt, owned by a. Published by a, b. Subscribed by c, somebody outside."""' in module.text
    assert '"""evt, owned by router. Published by router. Subscribed by nobody."""' in module.text


def test_a_node_name_cannot_leave_its_docstring() -> None:
    node = '"""\nimport os\n\\"""\x1b[31m' + "\N{CYRILLIC SMALL LETTER A}"
    registry = build(manifest_of([topic("onex.evt.router.done.v1", publishers=(node,))]), DEFAULT, Layout.MODULE)
    assert "os" not in executed(registry)
    assert registry.modules[0].text.isascii()
    assert "\x1b" not in registry.modules[0].text


def test_names_that_fold_to_one_member_are_named_with_both_places() -> None:
    manifest = manifest_of(
        [
            topic("onex.evt.a-b.c.v1", publishers=("first",)),
            topic("onex.evt.a.b-c.v1", publishers=("second",)),
            topic("onex.evt.a.d.v1"),
        ]
    )
    registry = build(manifest, DEFAULT, Layout.MODULE)
    assert values(executed(registry)) == {"onex.evt.a.d.v1"}
    (clash,) = registry.clashes
    assert clash.rule.code == "OM402"
    assert clash.message == (
        "`onex.evt.a-b.c.v1` and `onex.evt.a.b-c.v1` would both be `Topic.EVT_A_B_C_V1`, so neither is in the registry."
    )
    assert clash.location == Location("first/contract.yaml", 3, 5)
    assert clash.related == ((Location("second/contract.yaml", 3, 5), "declares `onex.evt.a.b-c.v1`"),)
    assert registry_findings(manifest, DEFAULT, Layout.MODULE) == (clash,)
    assert registry_findings(manifest, DEFAULT, Layout.PACKAGE) == ()


def test_producers_that_fold_alike_share_a_module() -> None:
    grammar = Grammar("{producer}.{kind}.{event}.v{N}", ("evt",), "[a-z0-9_-]+")
    names = ["ci-watch.evt.done.v1", "ci_watch.evt.gone.v1", "ciwatch.evt.done.v1"]
    registry = build(manifest_of(topic(name, grammar) for name in names), grammar, Layout.PACKAGE)
    assert [module.name for module in registry.modules] == ["__init__.py", "_base.py", "ci_watch.py"]
    assert registry.members == {"ci_watch.evt.gone.v1": "CiWatchTopic.EVT_GONE_V1"}
    assert clashing(registry) == {names[0], names[2]}


def test_whether_a_name_is_declared_takes_one_look_up() -> None:
    class Counted(str):
        hashed = compared = 0

        def __hash__(self) -> int:
            Counted.hashed += 1
            return super().__hash__()

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return super().__eq__(other)

    names = [f"onex.evt.router.event-{number}.v1" for number in range(2_000)]
    enum = executed(build(manifest_of(map(topic, names)), DEFAULT, Layout.MODULE))["Topic"]
    for name, declared in ((names[-1], True), ("onex.evt.router.nope.v1", False)):
        Counted.hashed = Counted.compared = 0
        assert (Counted(name) in enum) is declared
        assert Counted.hashed == 1
        assert Counted.compared <= 2


@pytest.mark.parametrize("value", [3, None, 1.5, b"onex.evt.router.done.v1", [], {}, object()])
def test_what_is_no_text_is_no_topic(value: object) -> None:
    enum = executed(build(manifest_of([topic("onex.evt.router.done.v1")]), DEFAULT, Layout.MODULE))["Topic"]
    assert value not in enum
    assert enum.EVT_ROUTER_DONE_V1 in enum


def test_a_registry_without_topics_is_whole() -> None:
    assert values(executed(build(manifest_of([]), DEFAULT, Layout.MODULE))) == set()
    assert [module.name for module in build(manifest_of([]), DEFAULT, Layout.PACKAGE).modules] == [
        "__init__.py", "_base.py",
    ]  # fmt: skip


def test_it_is_known_as_generated() -> None:
    manifest = manifest_of([topic("onex.evt.router.done.v1")])
    for layout in Layout:
        assert all(is_generated(module.text) for module in build(manifest, DEFAULT, layout).modules)
    assert not is_generated(f"import os\n{MARK}")


def test_a_stale_registry_is_a_finding_at_its_place() -> None:
    stale = stale_finding("src/topics.py", 12, "it differs.")
    assert (stale.rule.code, stale.location) == ("OM401", Location("src/topics.py", 12, 1))
    assert "omni registry" in stale.fix


@pytest.mark.slow
@pytest.mark.parametrize("layout", list(Layout))
def test_it_passes_strict_types_and_lint(tmp_path: Path, layout: Layout) -> None:
    own = ContractTopicExtractor().extract([str(ROOT / "contracts")]).topics
    long = "onex.evt.router." + "very-long-" * 20 + "event.v1"
    nodes = tuple(f"node-{number}" for number in range(40))
    more = [topic(long, subscribers=nodes), topic("onex.evt.test-run.done-in-" + "a-b-" * 20 + "c.v1")]
    numbered = [topic(f"onex.evt.router{number}.done.v1") for number in (1, 2, 10)]
    registry = build(manifest_of([*own.values(), *more, *numbered]), DEFAULT, layout)
    folder = tmp_path / "topics" if layout is Layout.PACKAGE else tmp_path
    folder.mkdir(exist_ok=True)
    for module in registry.modules:
        (folder / (module.name or "topics.py")).write_text(module.text)
    written = "topics" if layout is Layout.PACKAGE else "topics.py"
    use = "TestRunTopic" if layout is Layout.PACKAGE else "Topic"
    (tmp_path / "use.py").write_text(
        f"from topics import {use}\n\nknown: bool = 'x' in {use}\nname: str = next(iter({use}))\n"
    )
    config = str(ROOT / "pyproject.toml")
    for command in (
        ["ruff", "check", "--no-cache", "--config", config, written],
        ["ruff", "format", "--no-cache", "--check", "--config", config, written],
        *(
            ["mypy", "--strict", "--config-file=", "--cache-dir", str(tmp_path / "cache"), "--python-version", version,
             written, "use.py"]
            for version in ("3.11", "3.13")
        ),
    ):  # fmt: skip
        ended = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=tmp_path, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
