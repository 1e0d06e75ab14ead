"""The registry on disk: written whole, only where it differs, never over somebody's own file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from omni_assets.contracts.registry import MARK, Layout, Registry, build
from omni_assets.errors import InputError
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.registry import (
    Place,
    Written,
    configured,
    registry_findings,
    stale,
    write,
    write_configured,
)

CONTRACT = "name: {0}\nevent_bus:\n  publish_topics: [onex.evt.{0}.done.v1, onex.evt.{0}.lost.v1]\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for node in ("router", "merger"):
        contract = tmp_path / "contracts" / node / "contract.yaml"
        contract.parent.mkdir(parents=True)
        contract.write_text(CONTRACT.format(node))
    return tmp_path


def context_of(project: Path, settings: str = "") -> Context:
    (project / "omni.toml").write_text(settings)
    return resolve([str(project / "contracts")], folder=project, environ={})


def built(project: Path, layout: Layout) -> Registry:
    context = context_of(project)
    return build(context.manifest(), context.grammar(), layout)


@pytest.mark.parametrize("layout", list(Layout))
def test_what_was_written_is_fresh_and_not_written_again(project: Path, layout: Layout) -> None:
    place, registry = Place(str(project / "src" / "topics"), layout), built(project, layout)
    assert len(stale(place, registry)) == 1
    written = write(place, registry)
    assert len(written.written) == len(registry.modules)
    assert stale(place, registry) == ()
    before = [os.stat(path) for path in written.written]
    assert write(place, registry) == Written((), ())
    assert [os.stat(path) for path in written.written] == before


def test_an_edited_module_is_stale_at_the_line_that_differs(project: Path) -> None:
    place, registry = Place(str(project / "topics.py"), Layout.MODULE), built(project, Layout.MODULE)
    write(place, registry)
    lines = (project / "topics.py").read_text().split("\n")
    lines[19] = lines[19] + "  # mine\x1b[31m"
    (project / "topics.py").write_text("\n".join(lines))
    (found,) = stale(place, registry)
    assert (found.finding.rule.code, found.finding.location.line) == ("OM401", 20)
    assert [line[0] for line in found.diff[2:]] == [" ", "-", "+", " "]
    assert "\x1b" not in "".join(found.diff)
    write(place, registry)
    assert stale(place, registry) == ()


@pytest.mark.parametrize("change", ["", "\n", "\r\n", "first\n"])
def test_any_other_bytes_are_stale(project: Path, change: str) -> None:
    place, registry = Place(str(project / "topics.py"), Layout.MODULE), built(project, Layout.MODULE)
    text = registry.modules[0].text
    (project / "topics.py").write_bytes(
        (text.replace("\n", "\r\n") if change == "\r\n" else change and text + change).encode()
    )
    assert len(stale(place, registry)) == 1


def test_a_long_difference_is_cut_off(project: Path) -> None:
    place, registry = Place(str(project / "topics.py"), Layout.MODULE), built(project, Layout.MODULE)
    (project / "topics.py").write_text(f"{MARK}\n" + "x = 1\n" * 100_000)
    (found,) = stale(place, registry)
    assert 20 < len(found.diff) < 30
    assert "more" in found.diff[-1]


def test_modules_of_producers_that_are_gone_are_left_over(project: Path) -> None:
    place = Place(str(project / "topics"), Layout.PACKAGE)
    write(place, built(project, Layout.PACKAGE))
    (project / "topics" / "own.py").write_text("x = 1\n")
    (project / "contracts" / "merger" / "contract.yaml").unlink()
    registry = built(project, Layout.PACKAGE)
    assert {os.path.basename(each.finding.location.path) for each in stale(place, registry)} == {
        "__init__.py",
        "merger.py",
    }
    assert write(place, registry).removed == (str(project / "topics" / "merger.py"),)
    assert stale(place, registry) == ()
    assert sorted(os.listdir(project / "topics")) == ["__init__.py", "_base.py", "own.py", "router.py"]


def test_a_missing_module_is_stale(project: Path) -> None:
    place, registry = Place(str(project / "topics"), Layout.PACKAGE), built(project, Layout.PACKAGE)
    write(place, registry)
    (project / "topics" / "router.py").unlink()
    (found,) = stale(place, registry)
    assert "missing" in found.finding.message


@pytest.mark.parametrize("layout", list(Layout))
def test_a_file_of_somebodys_own_is_left_alone(project: Path, layout: Layout) -> None:
    own = project / "src" / ("__init__.py" if layout is Layout.PACKAGE else "app.py")
    own.parent.mkdir()
    own.write_text("import os\n")
    place = Place(str(own.parent if layout is Layout.PACKAGE else own), layout)
    with pytest.raises(InputError, match="left alone"):
        write(place, built(project, layout))
    assert own.read_text() == "import os\n"
    assert os.listdir(own.parent) == [own.name]


def test_an_empty_file_may_be_filled(project: Path) -> None:
    (project / "topics.py").write_text("\n")
    write(Place(str(project / "topics.py"), Layout.MODULE), built(project, Layout.MODULE))
    assert (project / "topics.py").read_text().startswith(MARK)


def test_links_and_permissions_stay(project: Path) -> None:
    place, registry = Place(str(project / "topics.py"), Layout.MODULE), built(project, Layout.MODULE)
    target = project / "real.py"
    target.write_text("")
    target.chmod(0o640)
    (project / "topics.py").symlink_to(target)
    write(place, registry)
    assert (project / "topics.py").is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert stale(place, registry) == ()


def test_a_place_of_the_other_shape_is_refused(project: Path) -> None:
    (project / "file").write_text("")
    for place in (Place(str(project), Layout.MODULE), Place(str(project / "file"), Layout.PACKAGE)):
        for operation in (stale, write):
            with pytest.raises(InputError):
                operation(place, built(project, place.layout))
    with pytest.raises(InputError, match="not a directory"):
        write(Place(str(project / "file" / "topics.py"), Layout.MODULE), built(project, Layout.MODULE))


def test_the_settings_name_the_registry(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    context = context_of(project, "[registry]\npath = 'src/topics'\nper_producer = true\n")
    assert configured(context.settings) == Place("src/topics", Layout.PACKAGE)
    manifest = context.manifest()
    assert [each.rule.code for each in registry_findings(context, manifest)] == ["OM401"]
    assert len(write_configured(context, manifest).written) == 4
    assert registry_findings(context, manifest) == ()


def test_without_a_place_there_is_nothing_to_find(project: Path) -> None:
    context = context_of(project)
    assert configured(context.settings) is None
    assert registry_findings(context, context.manifest()) == ()
    assert write_configured(context, context.manifest()) == Written((), ())


def test_clashes_are_found_with_a_registry(project: Path) -> None:
    for node, event in (("a-b", "c"), ("a", "b-c")):
        path = project / "contracts" / node / "contract.yaml"
        path.parent.mkdir()
        path.write_text(f"name: {node}\nevent_bus:\n  publish_topics: [onex.evt.{node}.{event}.v1]\n")
    context = context_of(project, "[registry]\npath = 'topics.py'\n")
    write_configured(context, context.manifest())
    assert [each.rule.code for each in registry_findings(context, context.manifest())] == ["OM402"]
