from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.calling.addresses import Address, address
from omni_assets.router.catalog import Endpoint
from omni_assets.router.values import Location

KEY = "sk-canary-0123456789abcdefABCDEF"


@pytest.mark.parametrize(
    ("fields", "environ", "says"),
    [
        ({}, {}, "no base_url"),
        ({"base_url_env": "WHERE"}, {}, "WHERE is not set"),
        ({"base_url": "ftp://host/v1"}, {}, "http or https"),
        ({"base_url": "http://"}, {}, "with a host"),
        ({"base_url": "http://host:99999999/"}, {}, "no URL"),
        ({"base_url": f"https://user:{KEY}@host/v1"}, {}, "key_env"),
        ({"base_url": f"https://host/v1?key={KEY}"}, {}, "key_env"),
        ({"base_url": "http://host", "key_env": "SECRET"}, {}, "SECRET is not set"),
        ({"base_url": "http://host", "key_env": "SECRET"}, {"SECRET": f"{KEY}\n{KEY}"}, "SECRET holds characters"),
    ],
)
def test_an_address_that_is_not_known_has_its_reason(
    fields: dict[str, str], environ: dict[str, str], says: str
) -> None:
    reason = address("mine", Endpoint(location=Location.CLOUD, **fields), environ)  # type: ignore[arg-type]
    assert isinstance(reason, str)
    assert says in reason
    assert KEY not in reason


def test_the_endpoint_of_the_local_model_needs_no_more_than_its_place() -> None:
    local = Endpoint(location=Location.LOCAL)
    assert address("local", local, {"OMNI_LOCAL_BASE_URL": "http://127.0.0.1:1/v1"}) == Address("http://127.0.0.1:1/v1")
    reason = address("local", local, {})
    assert isinstance(reason, str)
    assert "OMNI_LOCAL_BASE_URL is not set, and no model is served here (`omni model serve`)" in reason


def test_a_variable_names_the_address_before_the_catalog_does() -> None:
    endpoint = Endpoint(location=Location.CLOUD, base_url="http://one", base_url_env="WHERE", key_env="SECRET")
    assert address("mine", endpoint, {"WHERE": "http://two", "SECRET": f" {KEY}\n"}) == Address("http://two", KEY)
    assert address("mine", endpoint, {"SECRET": KEY}) == Address("http://one", KEY)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_is_taken_for_an_address_that_is_none(base_url: str, key: str) -> None:
    endpoint = Endpoint(location=Location.CLOUD, base_url=base_url, key_env="SECRET")
    found = address("mine", endpoint, {"SECRET": key})
    if isinstance(found, Address):
        assert found.base_url.startswith(("http://", "https://"))
        assert found.key is not None
        assert found.key.isprintable()
