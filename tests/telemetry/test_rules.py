"""The rules of alerts and the dashboard know the metrics that there are, and no other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.drift.verdict import Verdict
from omni_assets.telemetry.metrics import METRICS

FOLDER = Path(__file__).resolve().parents[2] / "docker" / "observability"
PAGE = FOLDER.parents[1] / "docs" / "observability.md"
SERIES = {series: metric for metric in METRICS for series in metric.series}
LABELS = {label for metric in METRICS for label in metric.labels}
VALUES = {
    "omni_verdict": {verdict.value for verdict in Verdict},
    "omni_outcome": {outcome.value for outcome in TaskOutcome},
    "omni_agrees": {"yes", "no", "unknown"},
}


def stated() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load((FOLDER / "rules.yaml").read_text())["groups"] for rule in group["rules"]]


def rules() -> list[dict[str, Any]]:
    """Those that tell somebody, with what others record put in where they name it."""
    return [{**rule, "expr": whole(rule["expr"])} for rule in stated() if "alert" in rule]


def whole(expression: str) -> str:
    for rule in stated():
        if "record" in rule:
            expression = expression.replace(rule["record"], f"({rule['expr']})")
    return expression


def dashboard() -> dict[str, Any]:
    return json.loads((FOLDER / "dashboard.json").read_text())


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (whole(target["expr"]) for panel in panels() for target in panel["targets"])
    yield from (rule["expr"] for rule in stated() if "record" in rule)


def made_up() -> Iterator[str]:
    for test in yaml.safe_load((FOLDER / "rules.test.yaml").read_text())["tests"]:
        yield from (series["series"] for series in test["input_series"])


def names(expression: str) -> set[str]:
    """What an expression names: series and labels, without what stands in quotes."""
    return set(re.findall(r"\b(?:omni|gen_ai|error)_[a-z0-9_]+", re.sub(r'"[^"]*"', "", expression)))


@pytest.mark.parametrize("expression", [*expressions(), *made_up()])
def test_every_name_is_in_the_table(expression):
    asked = names(expression) & SERIES.keys()
    assert asked
    allowed = {label for series in asked for label in SERIES[series].labels}
    assert names(expression) - asked <= allowed
    for label, value in re.findall(r'(\w+)=~?"([^"]+)"', expression):
        if label in VALUES:
            assert set(value.split("|")) <= VALUES[label]


def test_the_dashboard_shows_every_metric():
    asked = [whole(target["expr"]) for panel in panels() for target in panel["targets"]]
    assert {SERIES[name] for each in asked for name in names(each) & SERIES.keys()} == set(METRICS)


def test_nothing_takes_two_readings_of_a_process_since_a_run_tells_once():
    """Also no panel does without the rules: what neither table nor rules have would be empty."""
    for each in expressions():
        assert not re.search(r"\b(rate|irate|increase|delta)\(", each)
        assert ":" not in re.sub(r'"[^"]*"', "", each)


def test_legends_and_choices_name_labels_that_there_are():
    legends = " ".join(target["legendFormat"] for panel in panels() for target in panel["targets"])
    assert set(re.findall(r"{{(\w+)}}", legends)) <= LABELS
    asked = [each["query"]["query"] for each in dashboard()["templating"]["list"] if each["type"] == "query"]
    for series, label in (re.fullmatch(r"label_values\((\w+), (\w+)\)", each).groups() for each in asked):  # type: ignore[union-attr]
        assert label in SERIES[series].labels


def test_panels_lie_beside_each_other_and_have_words():
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(dashboard()["panels"])
    assert all(panel["title"] and panel["description"] for panel in panels())


def test_every_rule_says_what_is_wrong_and_what_to_do():
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "error"}
        assert rule["annotations"].keys() == {"summary", "description"}
        used = re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values()))
        assert set(used) <= names(rule["expr"]), rule["alert"]


def test_the_page_lists_the_table():
    listed = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    expected = [
        (each.name, each.prometheus, ", ".join(f"`{name}`" for name in each.attributes) or "-", each.description)
        for each in METRICS
    ]
    assert listed == expected


def test_prometheus_takes_the_rules_and_they_say_what_they_should():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: Debian has it in the package prometheus")
    for command in (("check", "rules", "rules.yaml"), ("test", "rules", "rules.test.yaml")):
        ran = subprocess.run([promtool, *command], cwd=FOLDER, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stdout + ran.stderr
