"""Contracts in installed packages: found by what is announced, approved by name, and never imported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from omni_assets.contracts.packages import UnknownPackage, package_folders

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a package with contracts on the path, as an installer leaves it; its code must never run."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def put(distribution: str, package: str, announces: str = "", inner: str = "contracts") -> Path:
        folder = site / package
        (folder / inner / "shop").mkdir(parents=True)
        (folder / "__init__.py").write_text("raise SystemExit('this package was imported')\n")
        (folder / inner / "shop" / "contract.yaml").write_text("event_bus: {publish_topics: [onex.evt.shop.paid.v1]}\n")
        metadata = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        if announces:
            (metadata / "entry_points.txt").write_text(f"[omni_assets.contracts]\n{announces}\n")
        return folder

    return put


@pytest.mark.parametrize(
    "approved", ["shop", "acme-shop", "Acme_Shop", "acme_shop", "acme_shop.contracts", "acme*", "*"]
)
def test_a_package_is_approved_by_any_of_its_names(approved: str, install: Install) -> None:
    folder = install("acme-shop", "acme_shop", "shop = acme_shop.contracts")
    assert package_folders([approved]) == (str(folder / "contracts"),)
    assert "acme_shop" not in sys.modules


def test_what_is_not_approved_is_not_searched(install: Install) -> None:
    install("acme-shop", "acme_shop", "shop = acme_shop.contracts")
    bank = install("acme-bank", "acme_bank", "bank = acme_bank")
    assert package_folders([]) == ()
    assert package_folders(["acme-bank"]) == (str(bank),)


def test_each_folder_is_given_once_in_the_order_of_approval(install: Install) -> None:
    shop = install("acme-shop", "acme_shop", "shop = acme_shop.contracts\nagain = acme_shop.contracts")
    bank = install("acme-bank", "acme_bank", "bank = acme_bank")
    assert package_folders(["bank", "*", "shop"]) == (str(bank), str(shop / "contracts"))


def test_a_package_that_announces_nothing_is_searched_as_a_whole(install: Install) -> None:
    folder = install("acme-shop", "acme_shop")
    assert package_folders(["acme_shop"]) == package_folders(["acme-shop"]) == (str(folder),)
    assert package_folders(["*"]) == ()
    assert "acme_shop" not in sys.modules


def test_a_package_without_code_of_its_own_is_found(install: Install) -> None:
    folder = install("acme-shop", "acme_shop", "shop = acme_shop.contracts")
    (folder / "__init__.py").unlink()
    assert package_folders(["shop"]) == (str(folder / "contracts"),)


@pytest.mark.parametrize(
    ("approved", "why"),
    [
        ("acme-missing", "`acme-missing` is no installed package, nor the name of one that announces contracts"),
        ("acme-m*", "no installed package that announces contracts fits `acme-m*`"),
        ("acme.missing.contracts", "is no installed package"),
        ("../escape", "is no installed package"),
        ("json.decoder", "is no installed package"),
        ("sys", "is no installed package"),
        ("", "is no installed package"),
    ],
)
def test_a_package_that_is_not_installed_is_named(approved: str, why: str) -> None:
    with pytest.raises(UnknownPackage) as refused:
        package_folders([approved])
    assert why in str(refused.value)


def test_an_announcement_that_leads_nowhere_is_named(install: Install) -> None:
    install("acme-shop", "acme_shop", "shop = acme_shop.gone")
    with pytest.raises(UnknownPackage, match=r"^`shop` announces contracts in `acme_shop\.gone`, and there is no such"):
        package_folders(["*"])
