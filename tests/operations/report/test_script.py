"""The script that comes with the package: what the pinned versions build from our sources, and text only."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from omni_assets.operations.report.writing import parts

ROOT = Path(__file__).parents[3]
WEB = ROOT / "web" / "report"
SOURCES = sorted((WEB / "src").glob("*.ts"))
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function|srcdoc")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_source_makes_markup_of_text_or_runs_it(source):
    assert not MARKUP.search(source.read_text(encoding="utf-8"))


def test_the_script_ends_where_the_page_ends_it():
    script = parts().script
    assert script.isascii()
    assert not re.search(r"</script|<!--|\r", script, re.IGNORECASE)


def test_versions_are_pinned_with_their_hashes_and_without_addresses():
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
    for path, entry in lock.items():
        assert "resolved" not in entry, path
        assert not path or entry["integrity"].startswith("sha512-"), path


def test_the_script_is_what_the_pinned_versions_build(tmp_path):
    if shutil.which("node") is None:
        pytest.skip("node is not installed, so the script cannot be built anew")
    if not (WEB / "node_modules" / "esbuild").is_dir():
        pytest.skip("web/report/node_modules is not there; `make report-script` installs and builds")
    subprocess.run(["node", "build.mjs", str(tmp_path)], cwd=WEB, check=True, timeout=120)
    assert (tmp_path / "report.js").read_text(encoding="utf-8") == parts().script


def test_its_licence_and_notice_stand_beside_it():
    folder = ROOT / "omni_assets" / "operations" / "report" / "assets"
    notice = (folder / "NOTICE").read_text(encoding="utf-8")
    assert "Apache ECharts" in notice
    assert "zrender" in notice.lower()
    assert "Apache License" in (folder / "LICENSE.echarts").read_text(encoding="utf-8")
