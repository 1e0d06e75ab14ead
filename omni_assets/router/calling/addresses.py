"""Where endpoints are reached, and with which keys: by the variables that the catalog names. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from omni_assets.router.catalog import Endpoint

LOCAL_ENDPOINT = "local"
"""The endpoint of a catalog that stands for the local model, wherever that is served."""

_LOCAL_VARIABLE = "OMNI_LOCAL_BASE_URL"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an endpoint is reached, and with which key."""

    base_url: str
    key: str | None = field(default=None, repr=False)


def address_variable(name: str, endpoint: Endpoint) -> str | None:
    """The variable that holds the address of an endpoint, where there is one."""
    return endpoint.base_url_env or (_LOCAL_VARIABLE if name == LOCAL_ENDPOINT and not endpoint.base_url else None)


def address(name: str, endpoint: Endpoint, environ: Mapping[str, str]) -> Address | str:
    """Where an endpoint is; or, as a clause, why that is not known. No clause tells an address: some hold a key."""
    variable = address_variable(name, endpoint)
    stated = (environ.get(variable, "") if variable else "") or endpoint.base_url or ""
    base_url = stated.strip()
    if not base_url:
        missing = f"{variable} is not set" if variable else "it has no base_url"
        unserved = ", and no model is served here (`omni model serve`)" if name == LOCAL_ENDPOINT else ""
        return f"the address of the endpoint `{name}` is not known: {missing}{unserved}"
    if (flaw := address_flaw(base_url)) is not None:
        return f"the address of the endpoint `{name}` cannot be used: {flaw}"
    if endpoint.key_env is None:
        return Address(base_url)
    key = environ.get(endpoint.key_env, "").strip()
    if not key:
        return f"the endpoint `{name}` wants a key, and {endpoint.key_env} is not set"
    if not (key.isascii() and key.isprintable()):
        return f"the key in {endpoint.key_env} holds characters that no key has"
    return Address(base_url, key)


def address_flaw(base_url: str) -> str | None:
    """What is wrong with an address, as a clause that does not tell it; ``None`` where nothing is."""
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or not base_url.isprintable():
        return "it is no http or https URL with a host"
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return "it holds more than a host and a path (a key belongs into the variable that key_env names)"
    return None
