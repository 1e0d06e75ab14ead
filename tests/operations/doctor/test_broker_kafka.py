"""A broker that asks who one is and what one may do: the doctor names what is lacking, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AclOperation, ResourceType

from omni_assets.operations.context import Context
from omni_assets.operations.doctor import broker
from omni_assets.operations.doctor.examination import Answer, Told
from omni_assets.operations.doctor.examining import examine
from omni_assets.operations.observe import drift
from omni_assets.operations.provision import provision
from tests.support.kafka_rights import Right, given
from tests.support.kafka_secured import ADMIN, LIMITED, environ_of

CONTRACT = """
event_bus:
  publish_topics: [onex.evt.router.routed.v1]
  subscribe_topics: [onex.cmd.router.route.v1]
handler: {kind: python, entry: "json:dumps"}
"""

RIGHTS = [
    Right(AclOperation.DESCRIBE, ResourceType.TOPIC, "*"),
    Right(AclOperation.DESCRIBE_CONFIGS, ResourceType.TOPIC, "*"),
]


@pytest.mark.cluster
def test_what_a_principal_may_not_do_is_named(
    secured_kafka: Any, write_contract: Callable[..., Path], context_of: Callable[..., Context]
) -> None:
    write_contract(CONTRACT)

    def told(user: str, password: str | None = None) -> dict[str, Told]:
        context = context_of(secured_kafka.bootstrap_servers, environ_of(secured_kafka, user, password))
        return {each.question.name: each.told for each in examine([broker.area(context, context.manifest())]).checks}

    admin = context_of(secured_kafka.bootstrap_servers, environ_of(secured_kafka, ADMIN))
    provision(admin, admin.manifest())
    drift(admin, admin.manifest())

    owner = told(ADMIN)
    others = {name: each.answer for name, each in owner.items() if each.answer is not Answer.OK}
    # Of a group that is not there yet a broker may tell nothing.
    assert others.keys() <= {"broker.auto_create", "rights.work"}
    assert others.get("rights.work", Answer.UNKNOWN) is Answer.UNKNOWN
    assert owner["broker.engine"].seen.startswith("Apache Kafka")
    assert owner["broker.cluster"].seen.endswith(", as before")

    stranger = told(LIMITED)
    assert stranger["broker.reachable"].answer is Answer.OK
    assert stranger["broker.auto_create"].answer is Answer.UNKNOWN
    assert {stranger[f"rights.{name}"].answer for name in ("observe", "provision", "reconcile")} == {Answer.UNKNOWN}
    assert stranger["rights.work"].answer is Answer.WARNING
    assert "Read on the consumer group `router`" in stranger["rights.work"].seen

    with given(secured_kafka, RIGHTS):
        helper = told(LIMITED)
    assert "AlterConfigs on the topic `onex.cmd.router.route.v1`" in helper["rights.reconcile"].seen
    assert "Create on the topic `onex.cmd.router.route.v1`" in helper["rights.provision"].seen
    assert helper["rights.observe"].answer is Answer.OK

    with given(secured_kafka, [*RIGHTS, Right(AclOperation.CREATE, ResourceType.TOPIC, "onex.*")]):
        assert told(LIMITED)["rights.provision"].answer is Answer.OK

    liar = told(ADMIN, "not-the-password")
    assert liar["broker.reachable"].answer is Answer.PROBLEM
    assert "OMNI_KAFKA_SASL_PASSWORD" in liar["broker.reachable"].remedy
    assert "not-the-password" not in repr(liar)
