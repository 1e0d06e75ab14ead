"""The broker: whether it answers, is the one that is meant, creates nothing by itself, and where clients find it.

Nothing is written to it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.local import lifecycle
from omni_assets.broker.nodes import Node
from omni_assets.broker.topics import TopicError
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.text import count
from omni_assets.errors import BrokerError, BrokerRefused, OmniError, SettingsError, StateError, UnnamedBroker, reason
from omni_assets.operations.context import BrokerOrigin, Context
from omni_assets.operations.doctor import clock, rights
from omni_assets.operations.doctor.examination import (
    Area,
    Checked,
    Question,
    Told,
    examples,
    problem,
    unknown,
    warning,
    well,
)
from omni_assets.operations.doctor.examining import LeftOpen, told_by
from omni_assets.projection.store import Projection

PROPERTIES = Question("broker.properties", "Does the Kafka client take its properties?")
REACHABLE = Question("broker.reachable", "Does the broker answer?")
ENGINE = Question("broker.engine", "What is it, and how many of them?")
CLUSTER = Question("broker.cluster", "Is it the cluster that is meant?")
AUTO_CREATE = Question("broker.auto_create", "Does a misspelt topic stay away, rather than being created?")
LISTENERS = Question("broker.listeners", "Can each broker be reached where it says that it listens?")

SECONDS_TO_CONNECT = 3.0
"""The most that a connection to a listener may take."""

_AUTO_CREATE_KEYS = ("auto.create.topics.enable", "auto_create_topics_enabled")
_ON_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_EXPLAINED: Mapping[str, str] = {
    "want TLS or SASL": "Say how it is to be spoken to: OMNI_KAFKA_SECURITY_PROTOCOL is one of PLAINTEXT, SSL, "
    "SASL_PLAINTEXT and SASL_SSL. Where it speaks HTTP, it is another port.",
    "TLS handshake failed": "OMNI_KAFKA_SSL_CA_LOCATION names the file with the certificate that signed the broker's, "
    "and OMNI_KAFKA_SSL_CERTIFICATE_LOCATION and _KEY_LOCATION your own where the broker asks for one.",
    "name not resolved": "Look whether the host is spelt as it should be: `getent hosts NAME` asks as omni does.",
    "timed out": "A firewall may keep what is sent there, or what listens there speaks another protocol: look whether "
    "the address is that of a broker, and is meant to be reached from here.",
}
"""What in a failure points to which way out, the first that fits."""

_CREDENTIALS = (
    "Check OMNI_KAFKA_SASL_USERNAME, OMNI_KAFKA_SASL_PASSWORD and OMNI_KAFKA_SASL_MECHANISM: it has to be one that the "
    "broker offers, and that this user has."
)


def area(context: Context | OmniError, manifest: Manifest | OmniError) -> Area:
    """Questions about the broker of a context, with what this principal may do there, and its clock."""
    questions = (PROPERTIES, REACHABLE, ENGINE, CLUSTER, AUTO_CREATE, LISTENERS, *rights.QUESTIONS, clock.RECORDS)
    return Area(questions, partial(_look, context, manifest))


def _look(context: Context | OmniError, manifest: Manifest | OmniError) -> Iterator[Checked]:
    if isinstance(context, OmniError):
        raise LeftOpen("the settings cannot be read")
    try:
        admin = BrokerAdmin(context.connection)
    except SettingsError as error:
        yield Checked(PROPERTIES, told_by(error))
        raise LeftOpen("no client can be made") from None
    with admin:
        yield Checked(PROPERTIES, well(_properties(context)))
        try:
            answered = admin.cluster_id()
        except BrokerError as error:
            yield Checked(REACHABLE, unreachable(error))
            raise LeftOpen("the broker was not reached") from None
        if context.origin is BrokerOrigin.ASSUMED:
            yield Checked(REACHABLE, _unnamed(context))
            raise LeftOpen("nobody named this broker")
        nodes = admin.nodes()
        configs = admin.node_configs()
        yield Checked(REACHABLE, well(f"{context.bootstrap_servers}, which is {_named(context)}"))
        yield Checked(ENGINE, well(engine(nodes, configs, _topic_keys(admin, manifest), _local(context))))
        yield Checked(CLUSTER, meant(context, answered))
        yield Checked(AUTO_CREATE, auto_create(configs))
        yield Checked(LISTENERS, listeners(nodes))
        if isinstance(manifest, OmniError):
            raise LeftOpen("the contracts cannot be read")
        yield from rights.look(admin, context, manifest)
        yield Checked(clock.RECORDS, _clock(admin, nodes, manifest))


def unreachable(error: BrokerError) -> Told:
    """Why no broker answers, and the way out that fits: of TLS and SASL the client's words alone say little."""
    seen = error.message.rstrip(".")
    if isinstance(error, BrokerRefused):
        return problem(seen, _CREDENTIALS)
    ways = (way for words, way in _EXPLAINED.items() if words in seen)
    return problem(seen, next(ways, error.remedy))


def engine(
    nodes: Sequence[Node],
    configs: Mapping[int, Mapping[str, str | None] | TopicError],
    topic_keys: Iterable[str] = (),
    local: str = "",
) -> str:
    """What is known of the kind of broker: the protocol tells no name, so it is told by what can be set there.

    ``topic_keys`` are the config keys of any topic, and ``local`` is the engine that was started here.
    """
    told = [each for each in configs.values() if not isinstance(each, TopicError)]
    kind = local or "a broker that speaks Kafka's protocol"
    if any(key.startswith("redpanda.") for key in topic_keys):
        kind = "Redpanda"
    elif any("log.cleaner.enable" in each for each in told):
        kind = "Apache Kafka"
    versions = sorted({version for each in told if (version := each.get("inter.broker.protocol.version"))})
    return f"{' '.join([kind, *versions])}, {count(len(nodes), 'broker')}"


def meant(context: Context, cluster: str) -> Told:
    """Whether the cluster is the one that was observed or applied to before in this environment."""
    if not cluster:
        if context.origin is BrokerOrigin.LOCAL:
            return well("the local broker, which has no id of its own")
        return unknown("it reports no id, so it cannot be told from another one")
    try:
        known = [row for row in Projection(context.home).trusted() if row.environment == context.environment]
    except StateError as error:
        return unknown(f"what was observed before is not known: {error.message.rstrip('.')}", error.remedy)
    earlier = next((row.cluster_id for row in known if row.cluster_id), "")
    if not earlier:
        return well(f"{cluster}; nothing was observed before in the environment `{context.environment}`")
    if earlier == cluster:
        return well(f"{cluster}, as before")
    return problem(
        f"{cluster} answers, and {earlier} is what the environment `{context.environment}` had before",
        "Name the broker that is meant, or say that this one is: `omni plan --acknowledge`.",
    )


def auto_create(configs: Mapping[int, Mapping[str, str | None] | TopicError]) -> Told:
    """Whether the brokers create topics that somebody merely asks for."""
    hidden = sorted({str(told) for told in configs.values() if isinstance(told, TopicError)})
    values = [
        next((told[key] for key in _AUTO_CREATE_KEYS if told.get(key) is not None), None)
        for told in configs.values()
        if not isinstance(told, TopicError)
    ]
    if any(value == "true" for value in values):
        return warning(
            "a topic that is only asked for is created, so a misspelt name goes unnoticed",
            "Set auto.create.topics.enable=false on every broker (auto_create_topics_enabled on Redpanda).",
        )
    if hidden or not values or any(value is None for value in values):
        why = f": {examples(hidden)}" if hidden else ""
        return unknown(
            f"the configs of the brokers are not told{why}",
            "Give this principal DescribeConfigs on the cluster, or ask whoever runs it for auto.create.topics.enable.",
        )
    return well("it is off on every broker")


def listeners(nodes: Sequence[Node], seconds: float = SECONDS_TO_CONNECT) -> Told:
    """Whether a connection to each broker can be made at the address that it tells its clients."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        failures = [each for each in pool.map(partial(_unheard, seconds=seconds), nodes[:_MOST_LISTENERS]) if each]
    more = f" (the first {_MOST_LISTENERS} of {len(nodes)})" if len(nodes) > _MOST_LISTENERS else ""
    if failures:
        return problem(
            examples(failures),
            "Clients come to these addresses whatever they were told first: set advertised.listeners to names that "
            "this machine reaches.",
        )
    return well(f"{examples([node.address for node in nodes])}{more}")


_MOST_LISTENERS = 100


def _unheard(node: Node, seconds: float) -> str:
    """Why nothing takes a connection at a broker's address; empty where something does."""
    try:
        socket.create_connection((node.host, node.port), timeout=seconds).close()
    except TimeoutError:
        return f"broker {node.id} says {node.address}: no connection within {seconds:g} s"
    except OSError as error:
        return f"broker {node.id} says {node.address}: {reason(error)}"
    return ""


def _clock(admin: BrokerAdmin, nodes: Sequence[Node], manifest: Manifest) -> Told:
    if nodes and all(node.host in _ON_LOOPBACK for node in nodes):
        return well("the broker runs on this machine, by the same clock")
    offsets = admin.flows(manifest.topics).offsets
    return clock.by_records({name: seen.newest_at for name, seen in offsets.items() if seen.newest_at is not None})


def _unnamed(context: Context) -> Told:
    error = UnnamedBroker(context.bootstrap_servers)
    return warning(error.message.rstrip("."), error.remedy)


def _topic_keys(admin: BrokerAdmin, manifest: Manifest | OmniError) -> frozenset[str]:
    """The config keys of the first declared topic; none where it is not there, or not shown."""
    names = [] if isinstance(manifest, OmniError) else sorted(manifest.topics)[:1]
    found = admin.topics(names) if names else {}
    return frozenset(key for topic in found.values() for key in topic.configs or ())


def _local(context: Context) -> str:
    record = lifecycle.status(context.home).record if context.origin is BrokerOrigin.LOCAL else None
    return record.engine if record is not None else ""


def _properties(context: Context) -> str:
    """The names of the properties; never a value, which may be a secret."""
    names = sorted(context.connection.properties)
    return f"{len(names)} set: {', '.join(names)}" if names else "none is set"


def _named(context: Context) -> str:
    return "named" if context.named else "the local one"
