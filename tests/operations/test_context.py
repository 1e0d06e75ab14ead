from __future__ import annotations

import pytest

from omni_assets.errors import SettingsError
from omni_assets.operations.context import CONVENTIONAL_ADDRESS


def test_without_a_word_it_is_the_local_environment_at_the_conventional_address(context_of):
    context = context_of()
    assert (context.environment, context.bootstrap_servers, context.named) == ("local", CONVENTIONAL_ADDRESS, False)


def test_a_named_broker_is_not_taken_for_a_local_one(context_of):
    context = context_of("broker.example:9092")
    assert (context.environment, context.bootstrap_servers, context.named) == ("default", "broker.example:9092", True)
    assert context_of(environ={"OMNI_BOOTSTRAP_SERVERS": "b.example:1"}).bootstrap_servers == "b.example:1"


def test_an_environment_names_its_broker_and_its_limits(context_of, write_contract, tmp_path):
    (tmp_path / "omni.toml").write_text(
        "[environments.staging]\nbootstrap_servers = 'staging.example:9092'\n"
        "limits = {replication_factor = 2, partitions = 4}\n",
        encoding="utf-8",
    )
    write_contract(
        "event_bus:\n  publish_topics:\n"
        "    - {topic: onex.evt.router.started.v1, partitions: 12, replication_factor: 3}\n"
    )
    context = context_of(environ={"OMNI_ENV": "staging"})
    assert context.bootstrap_servers == "staging.example:9092"
    spec = context.manifest().topics["onex.evt.router.started.v1"].spec
    assert (spec.partitions, spec.replication_factor) == (4, 2)


def test_librdkafka_properties_pass_through_and_stay_out_of_sight(context_of):
    context = context_of("b.example:1", {"OMNI_KAFKA_SASL_PASSWORD": "hunter2"})
    assert context.connection.properties["sasl.password"] == "hunter2"
    assert "hunter2" not in repr(context)


def test_defaults_of_the_settings_are_normalised(context_of, write_contract, tmp_path):
    (tmp_path / "omni.toml").write_text('[defaults.evt]\nconfig = {"retention.ms" = "3d"}\n', encoding="utf-8")
    write_contract("event_bus:\n  publish_topics: [onex.evt.router.started.v1]\n")
    (topic,) = context_of().manifest().topics.values()
    assert topic.spec.config == {"retention.ms": "259200000"}


def test_a_default_for_all_kinds_is_named_as_such(context_of, write_contract, tmp_path):
    (tmp_path / "omni.toml").write_text('[defaults."*"]\nconfig = {"retention.ms" = "soon"}\n', encoding="utf-8")
    write_contract("event_bus:\n  publish_topics: [onex.evt.router.started.v1]\n")
    with pytest.raises(SettingsError, match=r"defaults\.\*\.config\.retention\.ms"):
        context_of().manifest()


def test_a_default_that_is_no_value_names_its_key(context_of, write_contract, tmp_path):
    (tmp_path / "omni.toml").write_text('[defaults.evt]\nconfig = {"retention.ms" = "soon"}\n', encoding="utf-8")
    write_contract("event_bus:\n  publish_topics: [onex.evt.router.started.v1]\n")
    with pytest.raises(SettingsError, match=r"defaults\.evt\.config\.retention\.ms"):
        context_of().manifest()


def test_a_grammar_that_is_none_is_refused(context_of, tmp_path):
    (tmp_path / "omni.toml").write_text('[grammar]\npattern = "onex.{kind}"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="grammar"):
        context_of().extractor()
