"""Kafka's error codes as clauses for people, each terminal or transient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import KafkaError

from omni_assets.broker.topics import NEVER_ASKED, NewTopicRequest, TopicError


class _Meaning(NamedTuple):
    clause: str
    transient: bool = False


_TERMINAL: Mapping[str, str] = {
    "TOPIC_AUTHORIZATION_FAILED": "not authorised",
    "GROUP_AUTHORIZATION_FAILED": "not authorised on the group",
    "CLUSTER_AUTHORIZATION_FAILED": "not authorised on the cluster",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED": "not authorised on the transactional id",
    "SASL_AUTHENTICATION_FAILED": "authentication failed",
    "_AUTHENTICATION": "authentication failed",
    "_SSL": "TLS failed",
    "TOPIC_ALREADY_EXISTS": "already exists",
    "UNKNOWN_TOPIC_OR_PART": "no such topic",
    "UNKNOWN_TOPIC_ID": "no such topic",
    "_UNKNOWN_TOPIC": "no such topic",
    "_UNKNOWN_PARTITION": "no such partition",
    "GROUP_ID_NOT_FOUND": "no such group",
    "INVALID_GROUP_ID": "group name not accepted",
    "TOPIC_EXCEPTION": "name not accepted",
    "INVALID_PARTITIONS": "number of partitions not accepted",
    "INVALID_REPLICATION_FACTOR": "replication factor not accepted",
    "INVALID_REPLICA_ASSIGNMENT": "replica assignment not accepted",
    "INVALID_CONFIG": "config not accepted",
    "POLICY_VIOLATION": "forbidden by a policy of the broker",
    "INVALID_REQUEST": "request not accepted",
    "UNSUPPORTED_VERSION": "not supported by this broker",
    "_UNSUPPORTED_FEATURE": "not supported by this broker",
    "SECURITY_DISABLED": "security is off on this broker",
    "MSG_SIZE_TOO_LARGE": "larger than the topic takes",
    "_INVALID_ARG": "not a request that the client accepts",
}
_TRANSIENT: Mapping[str, str] = {
    "NOT_CONTROLLER": "the controller is moving",
    "LEADER_NOT_AVAILABLE": "no leader at the moment",
    "NOT_LEADER_FOR_PARTITION": "the leader is moving",
    "COORDINATOR_LOAD_IN_PROGRESS": "its coordinator is starting",
    "COORDINATOR_NOT_AVAILABLE": "no coordinator at the moment",
    "NOT_COORDINATOR": "its coordinator is moving",
    "BROKER_NOT_AVAILABLE": "a broker is not available",
    "REPLICA_NOT_AVAILABLE": "a replica is not available",
    "NETWORK_EXCEPTION": "a broker was cut off",
    "KAFKA_STORAGE_ERROR": "a disk of the broker failed",
    "OFFSET_NOT_AVAILABLE": "offsets are not known at the moment",
    "REASSIGNMENT_IN_PROGRESS": "its partitions are being moved",
    "THROTTLING_QUOTA_EXCEEDED": "over the broker's quota",
    "REQUEST_TIMED_OUT": "the broker did not finish in time",
    "_TIMED_OUT": "no answer in time",
    "_TIMED_OUT_QUEUE": "no answer in time",
    "_MSG_TIMED_OUT": "no answer in time",
    "_TRANSPORT": "the connection broke",
    "_ALL_BROKERS_DOWN": "no broker answers",
    "_RESOLVE": "name not resolved",
}
_MEANINGS: Mapping[str, _Meaning] = {
    **{code: _Meaning(clause) for code, clause in _TERMINAL.items()},
    **{code: _Meaning(clause, transient=True) for code, clause in _TRANSIENT.items()},
}

TIMED_OUT = TopicError("_TIMED_OUT", "no answer in time", transient=True)
NOT_ASKED = TopicError(NEVER_ASKED, "not asked, since the broker had stopped answering", transient=True)

NO_TOPIC, NO_CLUSTER = "TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"
NO_GROUP, NO_TRANSACTIONAL_ID = "GROUP_AUTHORIZATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"
"""The codes of rights that are lacking. Errors of the last two do not say on what."""

REJECTIONS = frozenset({"INVALID_CONFIG", "INVALID_REQUEST", "POLICY_VIOLATION"})
"""The codes by which a broker refuses a config key or its value, rather than the one who asks."""

_CLOSED = "the connection is closed at once: is this a Kafka port, and does it want TLS or SASL?"
_NO_CERTIFICATE = "the broker wants a TLS certificate of the client that it can accept"
_COMPLAINTS: Mapping[str, str] = {
    "_RESOLVE": "name not resolved",
    "_SSL": "TLS handshake failed",
}
_CONNECT_WORDS: Mapping[str, str] = {
    "Connection refused": "connection refused",
    "No route to host": "no route to host",
    "Network is unreachable": "network unreachable",
    "setup timed out": "connecting timed out",
    "Disconnected": _CLOSED,
    "Connection reset": _CLOSED,
    # OpenSSL's words for TLS alerts 42 to 48 and 116, by which a server refuses a client: RFC 8446, section 6.2.
    "alert bad certificate": _NO_CERTIFICATE,
    "alert certificate required": _NO_CERTIFICATE,
    "alert certificate expired": "the broker says that the client's certificate has expired",
    "alert certificate unknown": _NO_CERTIFICATE,
    "alert certificate revoked": "the broker says that the client's certificate was revoked",
    "alert unknown ca": "the broker does not know who signed the client's certificate",
}


def topic_error(error: KafkaError) -> TopicError:
    """One error about one topic, with the broker's own words where it gave any."""
    code = error.name()
    words = _plain(error.str())
    meaning = _MEANINGS.get(code)
    if meaning is None:
        return TopicError(code, _uncapitalised(words), error.retriable())
    if error.code() < 0 or not words or words == _plain(KafkaError(error.code()).str()):
        return TopicError(code, meaning.clause, meaning.transient)
    return TopicError(code, f"{meaning.clause}: {_uncapitalised(words)}", meaning.transient)


def create_error(known: TopicError, request: NewTopicRequest, brokers: int) -> TopicError:
    """Why ``request`` was refused by a cluster of ``brokers`` brokers, in terms of what it asked for."""
    wanted = request.replication_factor
    message = known.message
    if known.existed:
        message = "already exists"
    elif known.code == "INVALID_REPLICATION_FACTOR" and wanted is None:
        message = "this broker has no default replication factor, so one must be stated"
    elif known.code == "INVALID_REPLICATION_FACTOR" and wanted is not None and wanted > brokers:
        message = f"replication factor {wanted} needs {wanted} brokers, and the cluster has {brokers}"
    elif known.code == "INVALID_PARTITIONS" and request.partitions is None:
        message = "this broker has no default number of partitions, so one must be stated"
    else:
        return unanswered(known, "it may have been created or not")
    return TopicError(known.code, message, known.transient)


def alter_error(known: TopicError, keys: int) -> TopicError:
    """Why a change of so many config keys of one topic was refused: one bad key fails all of them."""
    if keys > 1 and known.code in REJECTIONS:
        return TopicError(known.code, f"{known.message}; none of its {keys} keys was changed", known.transient)
    return unanswered(known, "its configs may have been changed or not")


def replication_error(known: TopicError) -> TopicError:
    """Why a broker did not change a topic's number of replicas by config, with the way out where it never does."""
    if known.code == "INVALID_CONFIG" and "unknown" in known.message.lower():
        return TopicError(
            known.code,
            "this broker does not change the number of replicas by a config; reassign them with "
            "kafka-reassign-partitions, which moves the data",
        )
    return unanswered(known, "its replicas may be moving or not")


def unanswered(known: TopicError, so: str) -> TopicError:
    """The same error, and what follows where the broker was asked for a change and did not say what became of it."""
    if known.undecided:
        return TopicError(known.code, f"{known.message}, so {so}", known.transient)
    return known


def why_unreachable(complaints: Iterable[KafkaError]) -> str:
    """Why no broker was reached, as a clause, from what the client complained of on the way. The last word counts."""
    clause = ""
    closed = False
    for complaint in complaints:
        words = complaint.str()
        known = _COMPLAINTS.get(complaint.name())
        clause = known or next((said for part, said in _CONNECT_WORDS.items() if part in words), clause)
        closed = closed or complaint.name() == "_ALL_BROKERS_DOWN"
    return clause or (_CLOSED if closed else "timed out")


def authentication_failure(complaints: Iterable[KafkaError]) -> str | None:
    """The broker's word on why it did not accept the credentials, or ``None`` where it did not complain of them."""
    for complaint in complaints:
        if complaint.name() == "_AUTHENTICATION":
            words = complaint.str().partition(": ")[2].partition(" (after ")[0]
            return _uncapitalised(words) or "authentication failed"
    return None


def _plain(words: str) -> str:
    for prefix in ("Broker: ", "Local: "):
        words = words.removeprefix(prefix)
    return words.strip().rstrip(".")


def _uncapitalised(words: str) -> str:
    return words[:1].lower() + words[1:] if words[1:2].islower() else words
