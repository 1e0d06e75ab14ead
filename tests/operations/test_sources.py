"""Which contracts an operation reads: folders, files and installed packages, resolved in one place."""

from __future__ import annotations

import os

import pytest

from omni_assets.errors import PathNotFound, SettingsError

CONTRACT = "event_bus: {publish_topics: [onex.evt.shop.paid.v1]}\n"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A package that announces its contracts, installed on the path."""
    site = tmp_path / "site"
    folder = site / "acme_shop" / "contracts"
    folder.mkdir(parents=True)
    (folder / "contract.yaml").write_text(CONTRACT, encoding="utf-8")
    metadata = site / "acme_shop-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-shop\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[omni_assets.contracts]\nshop = acme_shop.contracts\n")
    monkeypatch.syspath_prepend(str(site))
    return str(folder)


@pytest.fixture
def project(context_of):
    """The context of the project, where no variable names its contracts."""
    return lambda: context_of(environ={"OMNI_CONTRACTS": ""})


def settings(tmp_path, text):
    (tmp_path / "omni.toml").write_text(text, encoding="utf-8")


def test_approved_packages_are_read_beside_the_folders(project, write_contract, tmp_path, shop):
    settings(tmp_path, 'packages = ["acme-*"]\n')
    write_contract("event_bus: {publish_topics: [onex.evt.router.started.v1]}\n")
    context = project()
    assert context.sources[-1] == shop
    assert set(context.manifest().topics) == {"onex.evt.router.started.v1", "onex.evt.shop.paid.v1"}


def test_packages_that_nobody_approved_are_not_read(project, write_contract, shop):
    write_contract("event_bus: {publish_topics: [onex.evt.router.started.v1]}\n")
    assert shop not in project().sources


def test_with_packages_the_folder_that_nobody_named_may_be_missing(project, tmp_path, shop):
    settings(tmp_path, 'packages = ["*"]\n')
    assert set(project().manifest().topics) == {"onex.evt.shop.paid.v1"}
    settings(tmp_path, 'packages = ["*"]\ncontracts = ["contracts"]\n')
    with pytest.raises(PathNotFound):
        project().manifest()


def test_where_no_package_is_found_the_missing_folder_is_named(project, tmp_path):
    settings(tmp_path, 'packages = ["*"]\n')
    with pytest.raises(PathNotFound, match="contracts"):
        project().manifest()


def test_the_variable_comes_before_packages_too(context_of, tmp_path, shop):
    settings(tmp_path, 'packages = ["nowhere-to-be-found"]\n')
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "contract.yaml").write_text(CONTRACT, encoding="utf-8")
    environ = {"OMNI_CONTRACTS": f"{folder}{os.pathsep}"}
    assert context_of(environ=environ).sources == (str(folder),)


def test_a_package_that_is_not_installed_says_how_to_mend_it(project, tmp_path):
    settings(tmp_path, 'packages = ["acme-shop"]\n')
    with pytest.raises(SettingsError) as refused:
        project()
    assert str(refused.value) == (
        f"{tmp_path}/omni.toml: `packages`: `acme-shop` is no installed package, nor the name of one that announces "
        "contracts. Install it where omni is installed, or take it out of `packages`."
    )
