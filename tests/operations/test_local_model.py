from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from omni_assets.errors import InputError
from omni_assets.operations import local_model
from omni_assets.router.catalog import Catalog, Endpoint
from omni_assets.router.local import lifecycle
from omni_assets.router.local.record import ModelRecord
from omni_assets.router.local.weights import Serving, weights
from omni_assets.router.values import Location
from omni_assets.settings import RouterSettings, Settings

VARIABLE = "OMNI_LOCAL_BASE_URL"


def catalog(name: str = "local", base_url: str | None = None, base_url_env: str | None = VARIABLE) -> Catalog:
    endpoint = Endpoint(location=Location.LOCAL, base_url=base_url, base_url_env=base_url_env)
    return Catalog(endpoints={name: endpoint}, models={})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ModelRecord]]:
    home = tmp_path_factory.mktemp("omni")
    yield home, lifecycle.start(home, Serving(weights(), context=512))
    lifecycle.stop(home)


def test_the_router_is_told_where_the_local_model_is(served: tuple[Path, ModelRecord]) -> None:
    home, record = served
    assert local_model.variables(catalog(), home, {"A": "b"}) == {"A": "b", VARIABLE: record.base_url}
    assert local_model.variables(catalog(), home, {VARIABLE: ""}) == {VARIABLE: record.base_url}
    assert local_model.variables(catalog(base_url_env=None), home, {}) == {VARIABLE: record.base_url}
    assert local_model.variables(catalog(base_url_env="WHERE"), home, {}) == {"WHERE": record.base_url}


def test_what_somebody_said_is_left_as_it_is(served: tuple[Path, ModelRecord], tmp_path: Path) -> None:
    home, _ = served
    for stated in (catalog(base_url="http://there/v1"), catalog("elsewhere"), catalog("mine", base_url_env=None)):
        assert local_model.variables(stated, home, {}) == {}
    assert local_model.variables(catalog(), home, {VARIABLE: "http://there/v1"}) == {VARIABLE: "http://there/v1"}
    assert local_model.variables(catalog(), tmp_path, {}) == {}


def test_weights_are_those_that_are_named_then_the_settings_then_the_extra_s(tmp_path: Path) -> None:
    for name in ("named.gguf", "set.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    settings = Settings(root=tmp_path, router=RouterSettings(local_model="set.gguf"))
    assert local_model.chosen(settings, tmp_path / "named.gguf").name == "named"
    assert local_model.chosen(settings).file == tmp_path / "set.gguf"
    assert local_model.chosen(Settings(root=tmp_path)) == weights()
    with pytest.raises(InputError, match="no such file"):
        local_model.chosen(Settings(root=tmp_path, router=RouterSettings(local_model="nowhere.gguf")))
