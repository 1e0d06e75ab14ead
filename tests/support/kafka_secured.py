"""The flavour of cluster that asks who one is (SASL, or the certificate of a client, over TLS) and what one may do."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from omni_assets.broker.connection import Connection
from tests.support.kafka_cluster import Flavour, KafkaCluster

ADMIN = "admin"
LIMITED = "limited"
"""A user who may do nothing, until a test gives a right."""

SCRAM = "SCRAM-SHA-512"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", SCRAM, "OAUTHBEARER")
CERTIFICATES = "CERTIFICATES"
"""The listener that knows clients by their certificates."""

_STORE_PASSWORD = "only-for-tests"  # noqa: S105 - protects certificates that are made for one test run
_MODULES = "org.apache.kafka.common.security"


def password_of(user: str) -> str:
    return f"{user}-hush-7d41c0"


def secured(folder: Path) -> Flavour:
    """A flavour with a certificate for the loopback address and two users, ``ADMIN`` and ``LIMITED``."""
    store, authority = _certificate(folder, "broker", "CN=127.0.0.1", "-ext", "SAN=IP:127.0.0.1,DNS:localhost")
    _, trusted = _certificate(folder, LIMITED, f"CN={LIMITED}")
    users = [
        option
        for user in (ADMIN, LIMITED)
        for mechanism in ("SCRAM-SHA-256", SCRAM)
        for option in ("--add-scram", f"{mechanism}=[name={user},password={password_of(user)}]")
    ]
    keys = {
        "ssl.keystore.location": str(store),
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.password": _STORE_PASSWORD,
    }
    of_clients = {
        "ssl.client.auth": "required",
        "ssl.truststore.location": str(trusted),
        "ssl.truststore.type": "PEM",
        "ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
    }
    return Flavour(
        protocol="SASL_SSL",
        others={CERTIFICATES: "SSL"},
        settings={
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # The brokers themselves are ANONYMOUS: they talk in plain text, on listeners that clients are not told of.
            "super.users": f"User:{ADMIN};User:ANONYMOUS",
            "sasl.enabled.mechanisms": ",".join(MECHANISMS),
            **{f"listener.name.clients.{name.lower()}.sasl.jaas.config": _login(name) for name in MECHANISMS},
            **{f"listener.name.clients.{key}": value for key, value in keys.items()},
            **{f"listener.name.{CERTIFICATES.lower()}.{key}": value for key, value in {**keys, **of_clients}.items()},
        },
        format_options=tuple(users),
        properties=_properties(ADMIN, password_of(ADMIN), authority),
    )


def connection_of(cluster: KafkaCluster, user: str, password: str | None = None, mechanism: str = SCRAM) -> Connection:
    """How a user reaches a secured cluster; another ``password`` than theirs is refused."""
    authority = Path(cluster.flavour.properties["ssl.ca.location"])
    word = password or password_of(user)
    return Connection(cluster.bootstrap_servers, _properties(user, word, authority, mechanism))


def certified(cluster: KafkaCluster) -> Connection:
    """How ``LIMITED`` reaches it by a certificate."""
    authority = Path(cluster.flavour.properties["ssl.ca.location"])
    properties = {
        "security.protocol": "SSL",
        "ssl.ca.location": str(authority),
        "ssl.keystore.location": str(authority.with_name(f"{LIMITED}.p12")),
        "ssl.keystore.password": _STORE_PASSWORD,
    }
    return Connection(cluster.servers(CERTIFICATES), properties)


def environ_of(cluster: KafkaCluster, user: str, password: str | None = None) -> dict[str, str]:
    """The same as variables that omni reads."""
    return variables(connection_of(cluster, user, password).properties)


def variables(properties: Mapping[str, str]) -> dict[str, str]:
    """Properties of librdkafka as variables that omni reads."""
    return {f"OMNI_KAFKA_{name.replace('.', '_').upper()}": value for name, value in properties.items()}


def _login(mechanism: str) -> str:
    """What the broker knows of its users."""
    if mechanism == "PLAIN":
        users = " ".join(f'user_{user}="{password_of(user)}"' for user in (ADMIN, LIMITED))
        return f"{_MODULES}.plain.PlainLoginModule required {users};"
    if mechanism == "OAUTHBEARER":
        return f"{_MODULES}.oauthbearer.OAuthBearerLoginModule required;"
    return f"{_MODULES}.scram.ScramLoginModule required;"


def _properties(user: str, password: str, authority: Path, mechanism: str = SCRAM) -> dict[str, str]:
    common = {"security.protocol": "SASL_SSL", "sasl.mechanism": mechanism, "ssl.ca.location": str(authority)}
    if mechanism == "OAUTHBEARER":
        # A token without a signature, which the broker believes, since it was told nothing else.
        return {
            **common,
            "enable.sasl.oauthbearer.unsecure.jwt": "true",
            "sasl.oauthbearer.config": f"principal={user}",
        }
    return {**common, "sasl.username": user, "sasl.password": password}


def _certificate(folder: Path, name: str, subject: str, *extensions: str) -> tuple[Path, Path]:
    """A key store, and the certificate in it for whoever is to trust it."""
    store, authority = folder / f"{name}.p12", folder / f"{name}.pem"
    common = ["-keystore", str(store), "-storepass", _STORE_PASSWORD, "-alias", name]
    for command in (
        ["-genkeypair", *common, "-storetype", "PKCS12", "-keyalg", "RSA", "-keysize", "2048", "-validity", "2",
         "-dname", subject, *extensions],
        ["-exportcert", *common, "-rfc", "-file", str(authority)],
    ):  # fmt: skip
        ran = subprocess.run(["keytool", *command], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout
    return store, authority
