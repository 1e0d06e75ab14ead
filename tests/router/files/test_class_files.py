"""The files of task classes: what they are held against, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from omni_assets.contracts.discovery import find_contracts
from omni_assets.contracts.text import visible
from omni_assets.errors import TaskClassUnusable
from omni_assets.router.catalog import Catalog
from omni_assets.router.files.catalog_file import load_catalog, read_catalog
from omni_assets.router.files.class_files import load_task_class, load_task_classes, read_task_classes
from omni_assets.router.files.reading import Flawed
from omni_assets.router.prompt import parse, variables
from omni_assets.router.task_class import CloudPolicy
from tests.fuzz.mutations import inputs

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "contracts" / "task_classes"
CATALOG = Catalog.model_validate(
    {
        "endpoints": {
            "near": {"location": "local"},
            "far": {"location": "cloud", "base_url": "https://api.example/v1"},
        },
        "models": {
            "small": {"endpoint": "near", "served_name": "s", "context_window": 1000},
            "large": {"endpoint": "far", "served_name": "l", "context_window": 1000},
        },
    }
)
BASIC = "name: sorting\ndescription: Sorts.\nquality_floor: 0.9\nprompt: {version: 1, user: 'Sort {text}'}\n"
LABELS = {"properties": {"label": {"enum": ["bug", "question"]}}, "required": ["label"]}
Told = Callable[..., list[str]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """What is wrong with a folder of task classes: the lines of the error, without the folder."""

    def found(text: str, name: str = "sorting.yaml", catalog: Catalog | None = CATALOG) -> list[str]:
        (tmp_path / name).write_text(text)
        if catalog is None:
            return [str(flaw).removeprefix(f"{tmp_path}/") for flaw in load_task_classes(str(tmp_path), None)[1]]
        with pytest.raises(TaskClassUnusable) as caught:
            read_task_classes(str(tmp_path), catalog)
        first, *lines = caught.value.message.split("\n")
        assert first == f"the task classes in {tmp_path} cannot be used:"
        return [line.removeprefix(f"{tmp_path}/") for line in lines]

    return found


def test_the_task_classes_of_this_project() -> None:
    classes = read_task_classes(str(FOLDER), read_catalog(str(ROOT / "models.yaml")))
    assert list(classes) == [
        "acceptance-verification",
        "classification",
        "code-generation",
        "code-review",
        "planning",
        "refactoring",
        "summarization",
        "test-explanation",
    ]
    for task_class in classes.values():
        assert task_class.gates
        assert task_class.price_ceiling_usd
        assert task_class.latency_target_seconds
        assert task_class.baseline
        assert task_class.cloud is not CloudPolicy.BLOCKED
        assert any(variables(task_class.prompt.user).values()), "a prompt without an input asks every task the same"


def test_task_classes_are_no_contracts_of_nodes() -> None:
    assert not [path for path in find_contracts([str(ROOT / "contracts")]) if "task_classes" in path]


def test_a_basic_class(tmp_path: Path) -> None:
    (tmp_path / "sorting.yaml").write_text(BASIC)
    (tmp_path / ".hidden.yaml").write_text("")
    (tmp_path / "README.md").write_text("")
    assert list(read_task_classes(str(tmp_path), CATALOG)) == ["sorting"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            BASIC.replace("sorting", "sortign"),
            ["sorting.yaml:1:7 the class is named `sortign`, and its file `sorting.yaml`; write `name: sorting`, or"],
        ),
        (
            f"{BASIC}gates:\n  - gate: not-emtpy\n  - gate: zz\n",
            [
                "sorting.yaml:6:11 there is no gate `not-emtpy`; write `not-empty`.",
                "sorting.yaml:7:11 there is no gate `zz`; `omni docs` lists the gates.",
            ],
        ),
        (
            f"{BASIC}gates:\n  - gate: length-bounds\n    parameters:\n      least: -1\n      mots: 3\n",
            [
                "sorting.yaml:8:14 `gates[0].parameters.least` is less than 0; raise it.",
                "sorting.yaml:9:7 `gates[0].parameters.mots` is not a field; write `most`.",
            ],
        ),
        (
            f"{BASIC}gates:\n  - gate: length-bounds\n    parameters: {{least: 3, most: 2}}\n",
            ["sorting.yaml:7:17 `gates[0].parameters` nothing is at least 3 and at most 2; mend it."],
        ),
        (
            f"{BASIC}gates:\n  - gate: not-empty\n    parameters: {{least: 3}}\n",
            ["sorting.yaml:7:18 `gates[0].parameters.least` is not a field; remove it."],
        ),
        (
            f"{BASIC}gates:\n  - gate: learned-scorer\n  - gate: agreement\n",
            ["sorting.yaml:6:11 the gate `learned-scorer` builds on `agreement`, which does not stand before it; add"],
        ),
        (
            f"{BASIC}baseline: lrage\nmodels: [small, zz]\n",
            [
                "sorting.yaml:5:11 the catalog has no model `lrage`; write `large`.",
                "sorting.yaml:6:17 the catalog has no model `zz`; add it to the catalog.",
            ],
        ),
        (
            f"{BASIC}cloud: blocked\nmodels: [small, large]\nbaseline: large\n",
            [
                "sorting.yaml:6:17 the model `large` is in the cloud, where tasks of this class may not go; remove it",
                "sorting.yaml:7:11 audits would send tasks to `large` in the cloud, where they may not go; write",
            ],
        ),
        (
            f"{BASIC}audit_share: 0.1\n",
            ["sorting.yaml:5:14 answers are to be audited, and there is no `baseline` to compare them with; name a"],
        ),
        (
            f"{BASIC}answer_key: label\n",
            ["sorting.yaml:5:13 `answer_key` is for JSON, and `output_format` is `text`; write `output_format: json`"],
        ),
        (
            f"{BASIC}output_format: json\nanswer_key: lable\noutput_schema: {{properties: {{label: {{}}}}}}\n",
            ["sorting.yaml:6:13 `answer_key` is `lable`, which `output_schema` does not name; write `label`."],
        ),
        (
            f"{BASIC}output_format: json\noutput_schema: {{type: objekt}}\n",
            ["sorting.yaml:6:16 `output_schema` is no JSON schema: `'objekt' is not valid under any of the given"],
        ),
        (
            f"{BASIC.partition('prompt')[0]}prompt:\n  version: 1\n  user: |\n    Sort\n    {{Text}}",
            ["sorting.yaml:8:1 `prompt.user`: the brace at `{Text}` opens or closes no variable; write `{name}`"],
        ),
        (
            f"{BASIC}quality: 0.9\n",
            ["sorting.yaml:5:1 `quality` is not a field; write `quality_floor`."],
        ),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(text: str, lines: list[str], told: Told) -> None:
    found = told(text)
    assert len(found) == len(lines)
    assert all(line.startswith(begins) for line, begins in zip(found, lines, strict=True)), found


def test_the_flaws_of_all_files_are_told_together(tmp_path: Path, told: Told) -> None:
    (tmp_path / "a.yaml").write_text("name: b")
    lines = told("- no class")
    assert [line.split(":")[0] for line in lines] == ["a.yaml"] * 3 + ["sorting.yaml"]


def test_a_class_must_not_be_taken_for_a_node_s_contract(told: Told) -> None:
    (line,) = told(BASIC.replace("sorting", "contract"), "contract.yaml")
    assert line == "contract.yaml:1:1 a file named `contract.yaml` holds a node's contract; rename it."


def test_without_a_catalog_models_are_not_looked_up(told: Told) -> None:
    assert told(f"{BASIC}baseline: zz\ncloud: blocked\nmodels: [zz]\n", catalog=None) == []


def test_a_folder_without_classes(tmp_path: Path) -> None:
    with pytest.raises(TaskClassUnusable, match="this folder holds no task class; add one, such as"):
        read_task_classes(str(tmp_path), CATALOG)
    with pytest.raises(TaskClassUnusable, match="this folder of task classes cannot be listed: no such file"):
        read_task_classes(str(tmp_path / "none"), CATALOG)


def test_an_audit_by_a_local_baseline_may_see_blocked_tasks(tmp_path: Path) -> None:
    (tmp_path / "sorting.yaml").write_text(f"{BASIC}cloud: blocked\nbaseline: small\n")
    assert read_task_classes(str(tmp_path), CATALOG)["sorting"].baseline == "small"


@pytest.mark.parametrize("name", ["models.yaml", *sorted(path.name for path in FOLDER.glob("*.yaml"))])
def test_changed_files_of_this_project_are_read_or_flawed(name: str, tmp_path: Path) -> None:
    seeds = [(ROOT / "models.yaml").read_bytes(), *(path.read_bytes() for path in sorted(FOLDER.glob("*.yaml")))]
    read = load_catalog if name == "models.yaml" else lambda path: load_task_class(path, CATALOG)
    mine = (ROOT / name if name == "models.yaml" else FOLDER / name).read_bytes()
    flawed = 0
    for content, _ in zip(inputs([mine, mine, mine, *seeds], Random(name)), range(150), strict=False):
        (tmp_path / name).write_bytes(content)
        try:
            read(str(tmp_path / name))
        except Flawed as error:
            flawed += 1
            told = [str(flaw) for flaw in error.flaws]
        else:
            told = ["sound"]
        assert told
        assert [visible(line) for line in told] == told
    assert flawed > 20


def test_every_example_in_a_prompt_fails_its_schema_when_it_is_copied() -> None:
    """A weak model gives the example back: that must not pass for an answer. Labels are those of a task."""
    import json

    import jsonschema

    classes = read_task_classes(str(FOLDER), read_catalog(str(ROOT / "models.yaml")))
    with_example = 0
    for task_class in classes.values():
        for paragraph in (*parse(task_class.prompt.user), *parse(task_class.prompt.request or "")):
            text = "".join(part for part in paragraph if isinstance(part, str))
            begins = text.find('{"')
            if begins >= 0:
                with_example += 1
                example, _ = json.JSONDecoder().raw_decode(text, begins)
                schema = LABELS if task_class.name == "classification" else task_class.output_schema
                with pytest.raises(jsonschema.ValidationError):
                    jsonschema.validate(example, dict(schema or {}))
    assert with_example == 2 * 4 + 1
