from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from omni_assets.broker.codes import (
    NOT_ASKED,
    TIMED_OUT,
    authentication_failure,
    create_error,
    topic_error,
    why_unreachable,
)
from omni_assets.broker.topics import NewTopicRequest, TopicError


def test_a_known_code_is_a_clause_without_the_client_s_prefix() -> None:
    assert topic_error(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)) == TopicError(
        "TOPIC_AUTHORIZATION_FAILED", "not authorised"
    )


def test_the_broker_s_own_words_are_kept() -> None:
    error = topic_error(KafkaError(KafkaError.INVALID_CONFIG, "Unknown topic config name: bogus."))
    assert error.message == "config not accepted: unknown topic config name: bogus"
    assert not error.transient


@pytest.mark.parametrize(
    ("code", "transient"),
    [
        (KafkaError._TIMED_OUT, True),
        (KafkaError._TRANSPORT, True),
        (KafkaError.NOT_CONTROLLER, True),
        (KafkaError.THROTTLING_QUOTA_EXCEEDED, True),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, False),
        (KafkaError.POLICY_VIOLATION, False),
        (KafkaError.INVALID_REPLICATION_FACTOR, False),
    ],
)
def test_each_error_says_whether_trying_again_can_help(code: int, transient: bool) -> None:
    assert topic_error(KafkaError(code)).transient is transient


def test_an_unknown_code_keeps_its_name_and_words() -> None:
    error = topic_error(KafkaError(KafkaError.FENCED_LEADER_EPOCH))
    assert error == TopicError("FENCED_LEADER_EPOCH", "leader epoch is older than broker epoch")


@pytest.mark.parametrize(
    ("code", "request_", "message"),
    [
        ("INVALID_REPLICATION_FACTOR", NewTopicRequest("t", 1, 3), "replication factor 3 needs 3 brokers"),
        ("INVALID_REPLICATION_FACTOR", NewTopicRequest("t", 1), "no default replication factor"),
        ("INVALID_PARTITIONS", NewTopicRequest("t"), "no default number of partitions"),
        ("INVALID_PARTITIONS", NewTopicRequest("t", 5), "as the broker said"),
    ],
)
def test_a_refused_creation_speaks_of_what_was_asked(code: str, request_: NewTopicRequest, message: str) -> None:
    assert message in create_error(TopicError(code, "as the broker said"), request_, brokers=1).message


def test_a_creation_without_an_answer_may_have_happened() -> None:
    assert "may have been created" in create_error(TIMED_OUT, NewTopicRequest("t"), 1).message
    assert create_error(NOT_ASKED, NewTopicRequest("t"), 1) == NOT_ASKED


@pytest.mark.parametrize(
    ("complaints", "why"),
    [
        ([], "timed out"),
        ([KafkaError(KafkaError._RESOLVE, "Failed to resolve")], "name not resolved"),
        ([KafkaError(KafkaError._TRANSPORT, "a:1: Connect to a failed: Connection refused")], "connection refused"),
        ([KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")], "the connection is closed at once"),
        (
            [
                KafkaError(
                    KafkaError._TRANSPORT, "Receive failed: SSL routines::ssl/tls alert bad certificate: number 42"
                )
            ],
            "the broker wants a TLS certificate of the client",
        ),
        (
            [
                KafkaError(KafkaError._TRANSPORT, "Connection refused"),
                KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"),
            ],
            "connection refused",
        ),
    ],
)
def test_the_client_s_complaints_say_why_nothing_was_reached(complaints: list[KafkaError], why: str) -> None:
    assert why_unreachable(complaints).startswith(why)


def test_a_refused_password_is_told_from_a_broker_that_is_down() -> None:
    words = "sasl_plaintext://a:1/bootstrap: Authentication failed: Invalid username or password (after 3ms in AUTH)"
    complaint = KafkaError(KafkaError._AUTHENTICATION, words)
    assert authentication_failure([complaint]) == "authentication failed: Invalid username or password"
    assert authentication_failure([KafkaError(KafkaError._RESOLVE)]) is None
