"""Scans of real trees: what source code names, and whether contracts declare it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from omni_assets.contracts import Severity
from omni_assets.contracts.source.declared import Standing
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.scan import LARGEST, LARGEST_MODULE, Scan, scan

CONTRACT = """\
name: router
event_bus:
  publish_topics: [onex.evt.router.routing-complete.v1, onex.evt.router.scoring-decision.v1]
"""
GOOD = "onex.evt.router.routing-complete.v1"
BAD = "onex.evt.router.routing_complete.v1"


class Tree:
    """A project with contracts and source code."""

    def __init__(self, folder: Path, settings: str = "", contract: str = CONTRACT) -> None:
        self.folder = folder
        self.put("contracts/router/contract.yaml", contract)
        self.put("omni.toml", settings)

    def put(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    @property
    def context(self) -> Context:
        return resolve([str(self.folder / "contracts")], folder=self.folder, environ={})

    def scan(self, *names: str) -> Scan:
        context = self.context
        return scan(context, context.manifest(), [str(self.folder / name) for name in names or (".",)])

    def found(self, *names: str) -> list[tuple[str, int, str | None]]:
        return [
            (os.path.relpath(each.location.path, self.folder), each.location.line, each.topic)
            for each in self.scan(*names).findings
        ]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_what_no_contract_declares_is_found_with_what_was_meant(tree: Tree) -> None:
    tree.put("src/a.py", f"x = 1\nproduce('{BAD}')\n")
    (finding,) = tree.scan().findings
    assert (finding.rule.code, finding.severity) == ("OM403", Severity.ERROR)
    assert (finding.location.line, finding.location.column) == (2, 9)
    assert "`_`" in finding.message
    assert finding.near == (GOOD,)
    assert finding.fix == f"write `{GOOD}`"
    ((place, what),) = finding.related
    assert place.path.endswith("contracts/router/contract.yaml")
    assert GOOD in what


def test_with_a_registry_its_member_is_the_fix(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "[registry]\npath = 'src/topics.py'\n")
    tree.put("src/a.py", f"produce('{BAD}')\n")
    assert tree.scan().findings[0].fix == f"use `Topic.EVT_ROUTER_ROUTING_COMPLETE_V1`, which is `{GOOD}`"


def test_a_name_without_likeness_is_to_be_declared(tree: Tree) -> None:
    tree.put("src/a.go", 'const t = "onex.cmd.elsewhere.brew-tea.v7"')
    (finding,) = tree.scan().findings
    assert finding.near == ()
    assert finding.fix == "declare it in the contract of its node"


def test_literals_are_counted_by_what_contracts_say_of_them(tree: Tree) -> None:
    lines = [f"f('{GOOD}', '{GOOD},{BAD}')", "BASE = 'onex.evt.router'", "g(f'onex.{kind}.router.{event}.v1')", ""]
    tree.put("a.py", "\n".join(lines))
    tree.put("b.sh", f"kafka --topic {GOOD}\n")
    found = tree.scan()
    assert found.literals == {
        Standing.DECLARED: 3,
        Standing.UNDECLARED: 1,
        Standing.TEMPLATE: 1,
        Standing.PART: 1,
    }
    assert found.declared_files == 2
    assert (found.files, found.lines) == (3, 4)


@pytest.mark.parametrize(
    ("text", "standing", "severity"),
    [
        ("'onex.evt.router.routing-complete.v2'", Standing.UNDECLARED, Severity.ERROR),
        ("'{env}.' + 'onex.evt.router.routing-complete.v1'", Standing.DECLARED, None),
        ("f'{env}.onex.evt.router.routing-complete.v1'", Standing.DECLARED, None),
        ("'dev.onex.evt.router.routing-complete.v1'", Standing.UNDECLARED, Severity.ERROR),
        ("'kafka://localhost:9092/onex.evt.router.routing-complete.v1'", Standing.DECLARED, None),
        ("f'onex.evt.router.{event}.v1'", Standing.TEMPLATE, None),
        ("f'onex.evt.router.{event}.v2'", Standing.UNDECLARED, Severity.WARNING),
        ("f'onex.evt.router.{event}'", Standing.TEMPLATE, None),
        ("f'onex.evt.elsewhere.{event}'", Standing.PART, None),
        ("'onex.evt.router.*'", Standing.TEMPLATE, None),
        ("'onex.evt.elsewhere'", Standing.PART, None),
        ("'onex.evt.router.routing-complete'", Standing.UNDECLARED, Severity.ERROR),
        ("'onex.evt.router.routing-complete.v1-value'", Standing.DECLARED, None),
        ("'onex.evt.router.routing-complete.v1.avsc'", Standing.DECLARED, None),
        ("'onex.evt.router.routing-compl\u0435te.v1'", Standing.UNDECLARED, Severity.ERROR),
        ("'ONEX.EVT.ROUTER.ROUTING-COMPLETE.V1'", Standing.UNDECLARED, Severity.ERROR),
    ],
)
def test_what_is_said_of_a_literal(tree: Tree, text: str, standing: Standing, severity: Severity | None) -> None:
    tree.put("a.py", f"f({text})\n")
    found = tree.scan()
    assert found.literals == {standing: 1}
    assert [each.severity for each in found.findings] == ([severity] if severity else [])


@pytest.mark.parametrize("text", ["'onex.evt.'", "'onex'", "'jonex.evt.router.a.v1'", "'see onex.evt.a.b.v1 there'",
                                  "'onex.evt.router/a'", "'https://x/onex.evt.a.b.v1'", "'onex.png'"])  # fmt: skip
def test_what_is_no_topic_is_nothing(tree: Tree, text: str) -> None:
    tree.put("a.py", f"f({text})\n")
    assert tree.scan().literals == {}


def test_constants_come_from_other_modules(tree: Tree) -> None:
    tree.put("src/acme/__init__.py", "from .names import ROOT as BASE\n")
    tree.put("src/acme/names.py", "ROOT = 'onex'\nclass Kind:\n    EVT = 'evt'\n")
    tree.put("src/acme/parts.py", "EVENT = 'routing_complete'\n")
    tree.put("src/acme/deep/__init__.py", "")
    tree.put("src/acme/deep/a.py", "from ..names import ROOT, Kind\nx = f'{ROOT}.{Kind.EVT}.router.gone-1.v1'\n")
    tree.put("src/acme/b.py", "from acme import BASE\nx = f'{BASE}.evt.router.gone-2.v1'\n")
    tree.put("src/acme/c.py", "import acme.names\nx = acme.names.ROOT + '.evt.router.gone-3.v1'\n")
    tree.put("src/acme/d.py", "from acme.parts import EVENT\nx = f'onex.evt.router.{EVENT}.v1'\n")
    tree.put("src/acme/e.py", "from other.names import ROOT\nx = f'{ROOT}.evt.router.gone-4.v1'\n")
    assert tree.found("src") == [
        ("src/acme/b.py", 2, "onex.evt.router.gone-2.v1"),
        ("src/acme/c.py", 2, "onex.evt.router.gone-3.v1"),
        ("src/acme/d.py", 2, BAD),
        ("src/acme/deep/a.py", 2, "onex.evt.router.gone-1.v1"),
    ]


def test_modules_that_import_each_other_and_names_in_two_places_stay_unknown(tree: Tree) -> None:
    tree.put("a/one.py", "from two import B\nA = B\nx = 'onex.evt.router.' + A\n")
    tree.put("a/two.py", "from one import A\nB = A\nx = 'onex.evt.router.' + B\n")
    tree.put("b/names.py", "E = 'routing_complete'\n")
    tree.put("c/names.py", "E = 'routing_complete'\n")
    tree.put("d.py", "from names import E\nx = f'onex.evt.router.{E}.v1'\n")
    assert tree.found() == []


def test_a_module_that_does_not_parse_is_read_by_its_strings(tree: Tree) -> None:
    tree.put("a.py", f"print '{BAD}'\n")
    tree.put("b.py", f"x = {'(' * 3_000}'{BAD}'{')' * 3_000}\n")
    tree.put("c.py", f"x = '{BAD}'\n" + "# padding\n" * (LARGEST_MODULE // 10))
    tree.put("d.py", f"# -*- coding: klingon -*-\nx = '{BAD}'\n")
    tree.put("e.py", f"# -*- coding: latin-1 -*-\nx = '\xe9'; y = '{BAD}'\n".encode("latin-1"))
    tree.put("tool", f"#!/usr/bin/env python3\nx = '{BAD}'\n")
    assert [path for path, _, _ in tree.found()] == ["a.py", "b.py", "c.py", "d.py", "e.py", "tool"]


def test_contracts_the_registry_prose_and_ignored_files_are_not_scanned(tree: Tree) -> None:
    from omni_assets.contracts.registry import MARK

    tree.put("more/contract.yaml", f"x: {BAD}\n")
    tree.put("topics.py", f"{MARK}\nx = '{BAD}'\n")
    tree.put("README.md", f"`{BAD}`\n")
    tree.put("data.bin", b"\0\1" + BAD.encode())
    tree.put("ignored/a.py", f"x = '{BAD}'\n")
    tree.put(".gitignore", "ignored/\n")
    found = tree.scan()
    assert found.findings == ()
    assert found.binaries == 1


def test_a_huge_file_is_looked_through_in_bounds_and_reported_where_it_may_name_topics(tree: Tree) -> None:
    import tracemalloc

    with tree.put("silent.json", b"").open("wb") as file:
        for _ in range(64):
            file.write(b"x" * 2**20)
    with tree.put("speaking.json", b"").open("wb") as file:
        file.write(b"x" * (LARGEST + 2**20 - 2) + b" onex. " + b"x" * 2**20)
    tracemalloc.start()
    found = tree.scan()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (finding,) = found.findings
    assert finding.rule.code == "OM404"
    assert finding.location.path.endswith("speaking.json")
    assert peak < 4 * LARGEST


def test_a_file_that_cannot_be_read_is_a_finding(tree: Tree) -> None:
    path = tree.put("a.py", f"x = '{BAD}'\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("permissions do not hold for this user")
    (finding,) = tree.scan().findings
    assert (finding.rule.code, finding.severity) == ("OM404", Severity.WARNING)


def test_settings_judge_the_findings(tmp_path: Path) -> None:
    tree = Tree(
        tmp_path,
        "[check.severity]\nOM403 = 'warning'\n"
        "[[check.exemptions]]\ncode = 'OM403'\npath = 'old/*'\nreason = 'it goes'\nexpires = 2999-01-01\n",
    )
    tree.put("a.py", f"x = '{BAD}'\n")
    tree.put("old/a.py", f"x = '{BAD}'\n")
    found = tree.scan()
    assert [each.severity for each in found.findings] == [Severity.WARNING]
    assert found.exempted == 1
    assert (found.fails(strict=False), found.fails(strict=True)) == (False, True)


def test_a_grammar_of_ones_own(tmp_path: Path) -> None:
    tree = Tree(
        tmp_path,
        "[grammar]\npattern = 'acme.{producer}.{kind}.{event}.v{N}'\nkinds = ['event', 'command']\n"
        "segment = '[a-z]+(?:_[a-z]+)*'\n",
        "name: pay_desk\nevent_bus:\n  publish_topics: [acme.pay_desk.event.bill_paid.v1]\n",
    )
    tree.put("names.py", "ROOT = 'acme'\nDESK = f'{ROOT}.pay_desk'\n")
    tree.put("a.py", "from names import DESK\nx = f'{DESK}.event.bill_paid.v1'\ny = DESK + '.event.bill-paid.v1'\n")
    tree.put("b.ts", 'on("acme.paydesk.event.bill_paid.v1"); on("onex.evt.a.b.v1")')
    assert tree.found() == [
        ("a.py", 3, "acme.pay_desk.event.bill-paid.v1"),
        ("b.ts", 1, "acme.paydesk.event.bill_paid.v1"),
    ]
    assert {near for each in tree.scan().findings for near in each.near} == {"acme.pay_desk.event.bill_paid.v1"}


def test_a_grammar_without_a_prefix(tmp_path: Path) -> None:
    tree = Tree(
        tmp_path,
        "[grammar]\npattern = '{kind}.{producer}.{event}.v{N}'\nkinds = ['evt']\n",
        "name: router\nevent_bus:\n  publish_topics: [evt.router.done.v1]\n",
    )
    tree.put("a.py", "x = 'evt.router.done.v1'\ny = 'evt.router.gone.v1'\n")
    assert tree.found() == [("a.py", 2, "evt.router.gone.v1")]


def test_it_tells_how_far_it_is(tree: Tree) -> None:
    for number in range(600):
        tree.put(f"src/{number}.txt", "x")
    told: list[int] = []
    context = tree.context
    scan(context, context.manifest(), [str(tree.folder / "src")], told.append)
    assert told == [256, 512]
