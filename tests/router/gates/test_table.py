"""Gates by name: those built in, and those of a package that is really installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from omni_assets.errors import ExtraMissing
from omni_assets.router.gates.gate import Gate, NoParameters, passed
from omni_assets.router.gates.table import GATES, UnknownGate, UnusableParameters, bind, gate_named
from omni_assets.router.task_class import GateUse, Severity

Install = Callable[[str, str], Path]

GATE = """\
from omni_assets.router.gates.gate import Evidence, Gate, Judged, NoParameters, failed, passed


def _licence(evidence: Evidence, _: NoParameters) -> Judged:
    return failed("it names a licence") if "GPL" in evidence.output.text else passed()


LICENCE = Gate(
    id="{id}", version=3, summary="No licence is named.", explanation="Licences are the lawyers' affair.",
    passes="Use the client.", fails="Copy it under the GPL.", parameters=NoParameters, judge=_licence,
)
NO_GATE = "a text"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Builds a distribution as its author would, and installs it into a folder of its own with pip."""

    def install(gate: str, value: str) -> Path:
        folder = tmp_path_factory.mktemp("acme")
        source, target = folder / "source", folder / "site"
        (source / "acme_gates").mkdir(parents=True)
        (source / "acme_gates" / "__init__.py").write_text(GATE.format(id=gate))
        (source / "pyproject.toml").write_text(
            '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
            '[project]\nname = "acme-gates"\nversion = "1.0"\n'
            f'[project.entry-points."omni_assets.gates"]\nlicence = "{value}"\n'
        )
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
        subprocess.run([*pip, "--target", str(target), str(source)], check=True, capture_output=True, timeout=120)
        shutil.rmtree(source)
        return target

    return install


def omni(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line beside an installed package: in a process of its own, for entry points are read once."""
    return subprocess.run(
        [sys.executable, "-c", "import sys; from omni_assets.cli.main import main; sys.exit(main())", *arguments],
        env={"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin"},
        cwd=site,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_an_installed_gate_is_found_documented_and_judges(installed: Install) -> None:
    site = installed("acme-licence", "acme_gates:LICENCE")
    ran = omni(site, "docs", "acme-licence")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("acme-licence (gate, version 3)\n")
    assert "acme-licence" in omni(site, "docs").stdout
    program = (
        "import asyncio\n"
        "from tests.support.outputs import evidence\n"
        "from omni_assets.router.gates.judging import judge\n"
        "from omni_assets.router.gates.table import bind\n"
        "from omni_assets.router.task_class import GateUse\n"
        "uses = [bind(GateUse(gate='acme-licence'))]\n"
        "for text in ('Use the client.', 'Copy it under the GPL.'):\n"
        "    check, = asyncio.run(judge(uses, evidence(text)))\n"
        "    print(check.gate, check.version, check.verdict, check.evidence)\n"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{site}:{root}", "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["acme-licence 3 passed ", "acme-licence 3 failed it names a licence"]


@pytest.mark.parametrize(
    ("gate", "value", "why"),
    [
        ("not-empty", "acme_gates:LICENCE", "there is a gate `not-empty` already"),
        ("acme-licence", "acme_gates:NO_GATE", "it is no gate but str"),
        ("acme-licence", "acme_gates:GONE", "loading it failed: AttributeError("),
        ("acme-licence", "acme_gone:LICENCE", "loading it failed: ModuleNotFoundError("),
    ],
)
def test_an_entry_point_that_gives_no_new_gate_is_a_configuration_error(
    gate: str, value: str, why: str, installed: Install
) -> None:
    ran = omni(installed(gate, value), "docs")
    assert (ran.returncode, ran.stdout) == (2, "")
    entry = f"the entry point `licence` ({value}) of the package acme-gates in the group omni_assets.gates"
    assert f"{entry} cannot be used: {why}" in " ".join(ran.stderr.split())
    assert "Traceback" not in ran.stderr


def test_a_name_that_no_gate_has_is_answered_with_near_ones() -> None:
    with pytest.raises(UnknownGate, match=r"^there is no gate `not-emty`; did you mean `not-empty`\?$"):
        gate_named("not-emty")
    with pytest.raises(UnknownGate, match=r"^there is no gate `\\x1b\[31m`\.$"):
        gate_named("\x1b[31m")
    assert gate_named(" Not-Empty ") is GATES["not-empty"]


@pytest.mark.parametrize(
    ("gate", "parameters", "why"),
    [
        ("not-empty", {"least": 1}, "`least`: Extra inputs are not permitted."),
        ("length-bounds", {"least": "many"}, "`least`: Input should be a valid integer"),
        ("length-bounds", {"least": 5, "most": 4}, "nothing is at least 5 and at most 4."),
        ("not-degenerate", {"most_copied": 2}, "`most_copied`: Input should be less than or equal to 1."),
        ("tests-pass", {"seconds": 0}, "`seconds`: Input should be greater than 0."),
    ],
)
def test_parameters_are_checked_before_anything_is_judged(gate: str, parameters: dict[str, object], why: str) -> None:
    with pytest.raises(UnusableParameters) as refused:
        bind(GateUse(gate=gate, parameters=parameters))
    assert str(refused.value).startswith(f"the gate `{gate}` does not take these parameters: ")
    assert why in str(refused.value)


def test_a_use_keeps_its_severity_and_its_parameters() -> None:
    bound = bind(GateUse(gate="length-bounds", severity=Severity.WARNING, parameters={"most": 9}))
    assert (bound.gate.id, bound.severity, bound.parameters.model_dump()["most"]) == ("length-bounds", "warning", 9)


def test_a_gate_whose_packages_are_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from omni_assets.router.gates import table

    gate = Gate("x", 1, "", "", "", "", NoParameters, lambda *_: passed(), packages={"no_such_package": "router"})
    monkeypatch.setattr(table, "every_gate", lambda: {"x": gate})
    with pytest.raises(ExtraMissing, match=r"^the gate `x` needs packages .* `pip install 'omni-assets\[router\]'`\.$"):
        bind(GateUse(gate="x"))


def test_the_table_brings_in_nothing_heavy() -> None:
    program = (
        "import sys, omni_assets.router.gates.table, omni_assets.router.gates.judging\n"
        "heavy = {'confluent_kafka', 'dagster', 'duckdb', 'jsonschema', 'openai', 'pyflakes', 'pytest', 'sklearn'}\n"
        "print(*sorted((heavy | {'tree_sitter', 'tree_sitter_language_pack'}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "\n"
