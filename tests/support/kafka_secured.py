"""The flavour of cluster that asks who one is (SASL_SSL with SCRAM) and what one may do (ACLs)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from omni_assets.broker.connection import Connection
from tests.support.kafka_cluster import Flavour, KafkaCluster

ADMIN = "admin"
LIMITED = "limited"
"""A user who may do nothing, until a test gives a right."""

_MECHANISM = "SCRAM-SHA-512"
_STORE_PASSWORD = "only-for-tests"  # noqa: S105 - protects a certificate that is made for one test run
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


def password_of(user: str) -> str:
    return f"{user}-secret"


def secured(folder: Path) -> Flavour:
    """A flavour with a certificate for the loopback address and two users, ``ADMIN`` and ``LIMITED``."""
    store, authority = _certificate(folder)
    users = [
        option
        for user in (ADMIN, LIMITED)
        for option in ("--add-scram", f"{_MECHANISM}=[name={user},password={password_of(user)}]")
    ]
    return Flavour(
        protocol="SASL_SSL",
        settings={
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # The brokers themselves are ANONYMOUS: they talk in plain text, on listeners that clients are not told of.
            "super.users": f"User:{ADMIN};User:ANONYMOUS",
            "sasl.enabled.mechanisms": _MECHANISM,
            f"listener.name.clients.{_MECHANISM.lower()}.sasl.jaas.config": _SCRAM,
            "listener.name.clients.ssl.keystore.location": str(store),
            "listener.name.clients.ssl.keystore.type": "PKCS12",
            "listener.name.clients.ssl.keystore.password": _STORE_PASSWORD,
        },
        format_options=tuple(users),
        properties=_properties(ADMIN, password_of(ADMIN), authority),
    )


def connection_of(cluster: KafkaCluster, user: str, password: str | None = None) -> Connection:
    """How a user reaches a secured cluster; another ``password`` than theirs is refused."""
    authority = Path(cluster.flavour.properties["ssl.ca.location"])
    return Connection(cluster.bootstrap_servers, _properties(user, password or password_of(user), authority))


def environ_of(cluster: KafkaCluster, user: str, password: str | None = None) -> dict[str, str]:
    """The same as variables that omni reads."""
    properties = connection_of(cluster, user, password).properties
    return {f"OMNI_KAFKA_{name.replace('.', '_').upper()}": value for name, value in properties.items()}


def _properties(user: str, password: str, authority: Path) -> dict[str, str]:
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": _MECHANISM,
        "sasl.username": user,
        "sasl.password": password,
        "ssl.ca.location": str(authority),
    }


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A key store for the broker, and the certificate that its clients trust."""
    store, authority = folder / "broker.p12", folder / "broker.pem"
    common = ["-keystore", str(store), "-storepass", _STORE_PASSWORD, "-alias", "broker"]
    for command in (
        ["-genkeypair", *common, "-storetype", "PKCS12", "-keyalg", "RSA", "-keysize", "2048", "-validity", "2",
         "-dname", "CN=127.0.0.1", "-ext", "SAN=IP:127.0.0.1,DNS:localhost"],
        ["-exportcert", *common, "-rfc", "-file", str(authority)],
    ):  # fmt: skip
        ran = subprocess.run(["keytool", *command], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout
    return store, authority
