"""Links to lines of contracts: to the host that the settings name, whatever a path holds, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.model import Location
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.topics.links import NO_LINKS, Links

TEMPLATE = "https://host.example/org/repo/blob/main/{path}#L{line}"
TOPIC = "onex.evt.a.happened.v1"
LINKS = Links(TEMPLATE, Path("/project"))


def at(path: str, line: int = 7) -> Location:
    return Location(path, line, 1)


def test_a_line_of_the_project_has_an_address() -> None:
    assert LINKS.url(at("/project/contracts/a/contract.yaml")) == (
        "https://host.example/org/repo/blob/main/contracts/a/contract.yaml#L7"
    )
    assert LINKS.contract(at("/project/a.yaml")).value == "https://host.example/org/repo/blob/main/a.yaml#L7"


@pytest.mark.parametrize("path", ["/elsewhere/contract.yaml", "/project/../contract.yaml", "/projects/contract.yaml"])
def test_what_is_outside_of_the_project_has_none(path: str) -> None:
    assert LINKS.url(at(path)) is None
    assert LINKS.contract(at(path)).value == path
    assert LINKS.listed([at(path), None]) == {}


def test_without_a_host_nothing_is_a_link() -> None:
    assert NO_LINKS.url(at("contracts/a/contract.yaml")) is None
    assert NO_LINKS.listed([at("contracts/a/contract.yaml")]) == {}


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_whatever_a_path_holds_it_leads_to_the_host_and_to_that_path(name: str) -> None:
    url = LINKS.url(at(f"/project/contracts/{name}"))
    if url is None or "\\" in name:
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "host.example", "", "L7")
    assert url.isascii()
    assert not set(url) & set("<>()\"' \n{}")
    shown = unquote(parts.path.removeprefix("/org/repo/blob/main/"))
    assert Path("/project", shown) == Path(f"/project/contracts/{name}") or ".." in name


@given(st.text(st.sampled_from("ab[](){}<>!`*_\\#\n\u202e/"), min_size=1, max_size=30))
def test_a_list_of_links_holds_no_markup_of_a_path(name: str) -> None:
    listed = LINKS.listed([at(f"/project/{name}x")])
    if not listed:
        return
    text = listed["contracts"].md_str
    label, _, address = text.removeprefix("- [").rpartition("](<")
    assert address.endswith("#L7>)")
    assert "\n" not in text
    bare = label.replace("\\\\", "")
    assert all(bare[i - 1] == "\\" for i, each in enumerate(bare) if each in "[]()<>!`*_#")


@pytest.mark.dagster
def test_pages_of_nodes_and_topics_lead_to_their_line(
    project: Callable[..., ProjectResource], write_contract: Callable[..., Path], tmp_path: Path
) -> None:
    write_contract("a", publishes=[TOPIC])
    (tmp_path / "omni.toml").write_text(f'repository_url = "{TEMPLATE}"\n')
    specs = {spec.key.to_user_string(): spec for spec in build(project()).resolve_all_asset_specs()}
    base = "https://host.example/org/repo/blob/main/contracts/a/contract.yaml"
    node, topic = specs["nodes/a"].metadata["contract"], specs["topics/onex.evt.a/happened.v1"].metadata["contract"]
    assert isinstance(node, dg.UrlMetadataValue)
    assert (node.url, topic.url) == (f"{base}#L1", f"{base}#L4")


@pytest.mark.dagster
def test_checks_lead_to_the_lines_of_what_offends(
    project: Callable[..., ProjectResource],
    write_contract: Callable[..., Path],
    tmp_path: Path,
    instance: dg.DagsterInstance,
) -> None:
    write_contract("a", text="name: a\nevent_bus: {publish_topics: [not a topic at all.v1]}\n")
    (tmp_path / "omni.toml").write_text(f'repository_url = "{TEMPLATE}"\n')
    job = build(project()).resolve_job_def("reconcile")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    valid = next(each for each in result.get_asset_check_evaluations() if each.check_name == "contracts_valid")
    assert "contract.yaml#L2>)" in valid.metadata["contracts"].md_str
