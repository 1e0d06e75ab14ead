"""How a broker is reached, and clients of it that keep quiet. Imports the client only when one is opened."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from omni_assets.credentials import MASK, without_users
from omni_assets.errors import SettingsError
from omni_assets.settings import is_secret

CLIENT_ID = "omni-assets"
DEFAULT_TIMEOUT = 15.0

SILENT = logging.Logger("omni_assets.broker", logging.CRITICAL + 1)
"""For clients that can fail for good: librdkafka writes that to standard error, whatever its log level, and calls raise
it as well.
"""

_Client = TypeVar("_Client")

_ADDRESS = re.compile(r"(?:[A-Z_]+://)?(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s:/\[\]]+))(?::(?P<port>\d{1,5}))?")
_QUOTED = re.compile(r'"([^"]*)"')
_SOCKET_TIMEOUT_MS = (1_500, 300_000)  # librdkafka's upper limit; below, fetches of a consumer would not fit in


@dataclass(frozen=True, slots=True)
class Connection:
    """How a broker is reached.

    ``properties`` are passed on to librdkafka and may hold secrets, so no representation shows them. ``timeout`` is
    the number of seconds that one call may take. ``read_only`` makes every write of this package impossible.
    Raises ``SettingsError`` where ``bootstrap_servers`` is not ``host:port[,host:port]``.
    """

    bootstrap_servers: str
    properties: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    timeout: float = DEFAULT_TIMEOUT
    read_only: bool = False

    def __post_init__(self) -> None:
        for address in self.bootstrap_servers.split(","):
            found = _ADDRESS.fullmatch(address.strip())
            # librdkafka takes a port modulo 65536, and would look for another broker without a word.
            if found is None or not 0 < int(found["port"] or 9092) < 65536:
                raise SettingsError(
                    f"`{without_users(self.bootstrap_servers)}` is not a broker address.",
                    "Give host:port, or several of them with commas between, such as 127.0.0.1:9092.",
                )

    def redacted(self, words: str) -> str:
        """What librdkafka, or whoever it asks for a token, says, without any secret of this connection."""
        # The longer ones first: one may hold another.
        secrets = sorted((value for name, value in self.properties.items() if is_secret(name)), key=len, reverse=True)
        for each in secrets:
            words = words.replace(each, MASK) if each else words
        return without_users(words)


def client_config(connection: Connection) -> dict[str, Any]:
    """The librdkafka configuration of an admin client, a consumer or a producer, as a new dictionary.

    It logs nothing by itself: what goes wrong is reported by calls and by ``error_cb``. Reading a topic that does
    not exist never creates it.
    """
    shortest, longest = _SOCKET_TIMEOUT_MS
    return {
        "client.id": CLIENT_ID,
        "log_level": 0,
        "socket.timeout.ms": min(max(int(connection.timeout * 1000), shortest), longest),
        "socket.keepalive.enable": True,
        **connection.properties,
        "bootstrap.servers": connection.bootstrap_servers,
        "allow.auto.create.topics": False,
    }


def open_client(
    factory: Callable[[dict[str, Any]], _Client], connection: Connection, extra: Mapping[str, Any] | None = None
) -> _Client:
    """A client made by ``factory``: ``AdminClient``, ``Consumer`` or ``Producer``. Connects to nothing yet.

    ``extra`` is laid over ``client_config``. Raises ``SettingsError`` that names the property which librdkafka does
    not know or whose value it does not accept, and never shows the value.
    """
    from confluent_kafka import KafkaException

    try:
        return factory({**client_config(connection), **(extra or {})})
    except KafkaException as error:
        raise _not_accepted(error.args[0].str(), connection) from None
    except (TypeError, ValueError, AttributeError) as error:
        raise _not_accepted(str(error), connection) from None


def _not_accepted(words: str, connection: Connection) -> SettingsError:
    remedy = "Mend it in [environments.<name>.kafka] of the settings, or in its OMNI_KAFKA_… variable."
    named = [name for name in _QUOTED.findall(words) if name in connection.properties]
    if words.startswith("No such configuration property") and named:
        return SettingsError(f"librdkafka knows no property `{named[0]}`.", remedy)
    if named:
        return SettingsError(f"librdkafka does not accept the value of the property `{named[-1]}`.", remedy)
    said = connection.redacted(words).strip().rstrip(".")
    return SettingsError(f"no client can be made from the broker properties: {said}.", remedy)
