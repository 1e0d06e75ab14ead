"""Settings: where they come from, what they mean, and one clear sentence for each thing that is wrong with them."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

from omni_assets import settings
from omni_assets.errors import SettingsError
from omni_assets.settings import (
    AgentSettings,
    AlertSettings,
    BreakerSettings,
    BudgetSettings,
    CheckSettings,
    Environment,
    Exemption,
    GrammarSettings,
    KeyRule,
    LimitSettings,
    ReconcileSettings,
    RetentionSettings,
    RouterSettings,
    Settings,
    TopicDefaults,
    TopicRule,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
Write = Callable[[str], Settings]


@pytest.fixture
def load(tmp_path: Path) -> Write:
    """The settings of a project whose ``omni.toml`` holds that text."""

    def load_text(text: str) -> Settings:
        (tmp_path / "omni.toml").write_text(text)
        return settings.load(tmp_path)

    return load_text


def test_without_a_file_everything_has_a_value(tmp_path: Path) -> None:
    loaded = settings.load(tmp_path)
    assert (loaded.source, loaded.root) == (None, tmp_path)
    assert loaded.contracts == ("contracts",)
    assert loaded.grammar.pattern == "onex.{kind}.{producer}.{event}.v{N}"
    assert loaded.environment("local").limits.replication_factor == 1
    assert loaded.environment("default") == Environment()


def test_the_default_grammar_is_that_of_the_contract_layer() -> None:
    from omni_assets.contracts import Grammar

    chosen = GrammarSettings()
    assert Grammar(chosen.pattern, chosen.kinds, chosen.segment) == Grammar()


def test_every_key(load: Write, tmp_path: Path) -> None:
    loaded = load(
        """
        contracts = ["services", "libs/contract.yaml"]
        default_environment = "staging"
        [grammar]
        pattern = "acme.{producer}.{kind}.{event}.v{N}"
        kinds = ["event", "command"]
        segment = "[a-z_]+"
        [defaults."*"]
        partitions = 3
        replication_factor = 2
        config = { "retention.ms" = "14d" }
        [environments.staging]
        bootstrap_servers = "kafka.example:9092"
        kafka = { "security.protocol" = "SSL" }
        limits = { partitions = 12, replication_factor = 3 }
        """
    )
    assert loaded.source == tmp_path / "omni.toml"
    assert loaded.grammar == GrammarSettings(
        pattern="acme.{producer}.{kind}.{event}.v{N}", kinds=("event", "command"), segment="[a-z_]+"
    )
    assert loaded.environment("staging") == Environment(
        bootstrap_servers="kafka.example:9092",
        kafka={"security.protocol": "SSL"},
        limits=LimitSettings(partitions=12, replication_factor=3),
    )
    assert loaded.defaults["*"].config == {"retention.ms": "14d"}


def test_pyproject_and_the_nearest_folder_upwards(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.omni]\ndefault_environment = "local"\n')
    loaded = settings.load(inner)
    assert (loaded.root, loaded.source, loaded.default_environment) == (tmp_path, tmp_path / "pyproject.toml", "local")
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert settings.load(inner).root == tmp_path
    (tmp_path / "a" / "omni.toml").write_text("")
    assert settings.load(inner).root == tmp_path / "a"
    (tmp_path / "omni.toml").write_text('default_environment = "default"')
    assert settings.load(tmp_path).default_environment == "default"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x =", "is not TOML: invalid value (at end of document)."),
        ("a = " + "[" * 50_000, "nests too deep to be read."),
        ("bogus = 1", "`bogus` is not a setting."),
        ('contract = ["a"]', "`contract` is not a setting; `contracts` is one."),
        ('sources = ["a"]', "`sources` is not a setting."),
        ('contracts = "a"', "`contracts` is not a list."),
        ("contracts = []", "`contracts` is empty."),
        ("contracts = [1]", "`contracts[0]` is not a text."),
        ('root = "/"', "`root` is not a setting."),
        ('source = "/"', "`source` is not a setting."),
        ("default_environment = 3", "`default_environment` is not a text."),
        ("grammar = 3", "`grammar` is not a table."),
        ('[grammar]\nkinds = "evt"', "`grammar.kinds` is not a list."),
        ("[grammar]\npattern = 1\nsegment = 2", "`grammar.pattern` is not a text."),
        ("defaults = 1", "`defaults` is not a table."),
        ("[defaults.evt]\npartitions = 0", "`defaults.evt.partitions` is less than 1."),
        ("[defaults.evt]\npartitions = true", "`defaults.evt.partitions` is not a whole number."),
        ('[defaults.evt]\npartitions = "3"', "`defaults.evt.partitions` is not a whole number."),
        ("[defaults.evt]\npartitions = 3000000000", "`defaults.evt.partitions` is larger than any broker takes."),
        ("[defaults.evt]\npartition = 3", "`defaults.evt.partition` is not a setting; `partitions` is one."),
        (
            '[defaults.evt.config]\n"retention.ms" = 2020-01-01',
            "holds neither a text, a number, true or false, nor a list of texts under `retention.ms`.",
        ),
        ("[defaults.evt]\nconfig = 3", "`defaults.evt.config` is not a table."),
        ("environments = 3", "`environments` is not a table."),
        ("[environments]\nprod = 1", "`environments.prod` is not a table."),
        (
            '[environments.prod.limits]\npartitions = "3"',
            "`environments.prod.limits.partitions` is not a whole number.",
        ),
        (
            "[environments.prod.limits]\nunsupported_configs = []",
            "`environments.prod.limits.unsupported_configs` is not a setting; `unsupported_config` is one.",
        ),
        (
            '[environments.prod.kafka]\n"bootstrap.servers" = "a:1"',
            "`environments.prod.kafka` holds `bootstrap.servers`; set `bootstrap_servers` of the environment instead.",
        ),
        ("[environments.prod]\nlimit = 3", "`environments.prod.limit` is not a setting; `limits` is one."),
        ("[environments.prod]\nkafka = 3", "`environments.prod.kafka` is not a table."),
        (
            '[environments.prod.kafka]\n"a" = [1]',
            "`environments.prod.kafka` holds neither a text, a number, nor true or false under `a`.",
        ),
        ("reconcile = 3", "`reconcile` is not a table."),
        ("[reconcile]\nstuck_afer = '1h'", "`reconcile.stuck_afer` is not a setting; `stuck_after` is one."),
        (
            "[reconcile]\nstuck_after = '1 fortnight'",
            "`reconcile.stuck_after` is not a duration such as `30s`, `15min`, `12h` or `7d`.",
        ),
        (
            "[reconcile]\nsilent_after = 60",
            "`reconcile.silent_after` is not a duration such as `30s`, `15min`, `12h` or `7d`.",
        ),
        ("[reconcile]\nmax_changed_share = 30", "`reconcile.max_changed_share` is not a share from 0 to 1."),
        ("[reconcile]\nprobe = 'no'", "`reconcile.probe` is neither true nor false."),
        ("[reconcile]\nsilent_readers = 'on'", "`reconcile.silent_readers` is not 'auto', 'always' or 'never'."),
        (
            "[reconcile]\ngroup_of_node = ['worker']",
            "`reconcile.group_of_node` holds `worker`, in which `{node}` does not stand once.",
        ),
        ("[reconcile]\ngroup_of_node = []", "`reconcile.group_of_node` is empty."),
        ("[reconcile.config]\nretention.ms = 'pin'", "`reconcile.config.retention.ms` is not a setting."),
        (
            "[reconcile.config]\nretention.ms.compare = 'pinned'",
            "`reconcile.config.retention.ms.compare` is not 'inherit', 'pin' or 'ignore'.",
        ),
        ("[reconcile.partitions]\ncompare = 'pin'", "`reconcile.partitions.compare` is not 'inherit' or 'ignore'."),
        ("router = 3", "`router` is not a table."),
        ("[router]\nmodel = 'm.yaml'", "`router.model` is not a setting; `models` is one."),
        ("[router]\nmodels = ''", "`router.models` is empty."),
        ("[router]\nstore_text = 'yes'", "`router.store_text` is neither true nor false."),
        *(
            (
                f"[router.budget]\nper_day_usd = {amount}",
                "`router.budget.per_day_usd` is not an amount of US dollars such as `2.5`.",
            )
            for amount in ("true", "-1", "'5'", "nan", "inf", "1e9")
        ),
        (
            "[router.budget]\nper_day_usd = 1e-10",
            "`router.budget.per_day_usd` has more than nine decimal places.",
        ),
        (
            "[router.budget.classes]\nplanning = '1 USD'",
            "`router.budget.classes.planning` is not an amount of US dollars such as `2.5`.",
        ),
        ("agents = 3", "`agents` is not a table."),
        ("[agents]\nslots = 0", "`agents.slots` is less than 1."),
        ("[agents]\nslot = 2", "`agents.slot` is not a setting; `slots` is one."),
        (
            "[agents]\nidempotency_window = 'a day'",
            "`agents.idempotency_window` is not a duration such as `30s`, `15min`, `12h` or `7d`.",
        ),
        ("[agents.breaker]\nleast = 0", "`agents.breaker.least` is less than 1."),
        ("[agents.breaker]\nshare = 2", "`agents.breaker.share` is not a share from 0 to 1."),
        ("[agents]\nbreaker = false", "`agents.breaker` is not a table."),
        ("[agents.groups]\nreviews = 'reviewer'", "`agents.groups.reviews` is not a list."),
        (
            "[agents.groups]\nReviews = ['reviewer']",
            "`agents.groups` holds `Reviews`; a name has small letters, digits and `-`, 40 at most.",
        ),
        (
            "[agents.groups]\nothers = ['reviewer']",
            "`agents.groups` holds `others`, which are the nodes that are in no group.",
        ),
        (
            "[agents.groups]\na = ['reviewer']\nb = ['merger', 'reviewer']",
            "`agents.groups` holds the node `reviewer` twice, and a node is worked for in one group.",
        ),
        ("[reconcile.orphaned]\nfix = 'auto'", "`reconcile.orphaned.fix` is not 'ask' or 'never'."),
    ],
)
def test_what_is_wrong_is_named_by_file_and_key(text: str, sentence: str, load: Write, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load(text)
    assert refused.value.message.startswith(f"{tmp_path}/omni.toml")
    assert refused.value.message.endswith(sentence)
    assert refused.value.message.count(". ") == 0
    assert refused.value.remedy
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301


@pytest.mark.parametrize(
    "key",
    [
        "sasl.password",
        "ssl.key.password",
        "ssl.keystore.password",
        "ssl.key.pem",
        "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.config",
        "sasl.oauthbearer.assertion.private.key.passphrase",
        "sasl.oauthbearer.assertion.private.key.pem",
        "sasl.jaas.config",
    ],
)
def test_a_secret_in_a_file_is_refused_and_never_shown(key: str, load: Write) -> None:
    variable = "OMNI_KAFKA_" + key.upper().replace(".", "_")
    with pytest.raises(SettingsError, match=variable) as refused:
        load(f'[environments.prod.kafka]\n"{key}" = "hunter2"\n')
    assert "hunter2" not in f"{refused.value!r} {refused.value}"
    assert settings.kafka_properties({variable: "hunter2"}) == {key: "hunter2"}


@pytest.mark.parametrize(
    "key",
    [
        "sasl.username",
        "sasl.oauthbearer.method",
        "sasl.oauthbearer.client.id",
        "sasl.oauthbearer.token.endpoint.url",
        "ssl.key.location",
        "ssl.keystore.location",
        "ssl.ca.pem",
        "security.protocol",
    ],
)
def test_what_is_no_secret_may_stand_in_a_file(key: str, load: Write) -> None:
    assert load(f'[environments.prod.kafka]\n"{key}" = "x"\n').environment("prod").kafka == {key: "x"}


def test_every_property_that_librdkafka_hides_is_a_secret() -> None:
    for name in ("ssl.key.password", "ssl.key.pem", "ssl.keystore.password", "sasl.password", "SASL.PASSWORD"):
        assert settings.is_secret(name)


def test_nor_does_a_file_hold_an_address_with_a_password(load: Write) -> None:
    with pytest.raises(SettingsError, match="holds an address with a password under") as refused:
        load('[environments.prod.kafka]\n"sasl.oauthbearer.token.endpoint.url" = "https://me:hunter2@idp.example/t"\n')
    assert "hunter2" not in f"{refused.value!r} {refused.value}"


@pytest.mark.parametrize("name", ["BOOTSTRAP_SERVERS", "METADATA_BROKER_LIST"])
def test_a_librdkafka_variable_that_would_name_the_broker_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"OMNI_KAFKA_{name} does not name the broker") as refused:
        settings.kafka_properties({f"OMNI_KAFKA_{name}": "prod.example:9092"})
    assert "OMNI_BOOTSTRAP_SERVERS" in refused.value.remedy
    assert settings.kafka_properties({f"OMNI_KAFKA_{name}": ""}) == {}


def test_every_key_that_is_proposed_is_one_that_a_file_may_hold() -> None:
    proposed = set(settings._KEYS)
    assert not proposed & {"root", "source"}
    assert {"contracts", "pattern", "partitions", "limits", "unsupported_config"} <= proposed


def test_dotted_keys_need_no_quotes(load: Write) -> None:
    loaded = load(
        '[defaults.evt.config]\nretention.ms = "7d"\ncleanup.policy = ["compact"]\n'
        "[environments.prod.kafka]\nsecurity.protocol = 'SSL'\nsocket.keepalive.enable = true\nretries = 3\n"
    )
    assert loaded.defaults["evt"].config == {"retention.ms": "7d", "cleanup.policy": ["compact"]}
    assert loaded.environment("prod").kafka == {
        "security.protocol": "SSL",
        "socket.keepalive.enable": "true",
        "retries": "3",
    }


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "omni.toml").mkdir()
    with pytest.raises(SettingsError, match=r"cannot read .*omni\.toml: it is not a file\. Move") as refused:
        settings.load(tmp_path)
    assert refused.value.message.endswith("not a file.")
    (tmp_path / "omni.toml").rmdir()
    os.mkfifo(tmp_path / "omni.toml")
    with pytest.raises(SettingsError, match="it is not a file"):
        settings.load(tmp_path)
    (tmp_path / "omni.toml").unlink()
    (tmp_path / "omni.toml").symlink_to("omni.toml")
    with pytest.raises(SettingsError, match="too many levels of symbolic links"):
        settings.load(tmp_path)
    (tmp_path / "omni.toml").unlink()
    (tmp_path / "omni.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(SettingsError, match="is not UTF-8 at offset 5"):
        settings.load(tmp_path)
    (tmp_path / "omni.toml").unlink()
    (tmp_path / "pyproject.toml").write_text("[tool]\nomni = 3\n")
    with pytest.raises(SettingsError, match=r"`tool\.omni` is not a table"):
        settings.load(tmp_path)


def test_environments(load: Write, tmp_path: Path) -> None:
    loaded = load("[environments.prod]\n[environments.local.limits]\nreplication_factor = 2\n")
    assert loaded.environment_names == ("default", "local", "prod")
    assert loaded.environment("local").limits.replication_factor == 2
    with pytest.raises(SettingsError) as refused:
        loaded.environment("prd")
    assert refused.value.message == (
        f"there is no environment `prd` in {tmp_path}/omni.toml; there are default, local, prod."
    )
    assert "--env" in refused.value.remedy


def test_settings_do_not_change(load: Write) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load("").contracts = ("a",)  # type: ignore[misc]


def test_defaults_of_a_kind_are_layered_key_by_key(load: Write) -> None:
    built_in = load("")
    assert built_in.defaults_of("evt") == TopicDefaults(partitions=1, config={"retention.ms": "7d"})
    assert built_in.defaults_of("dlq").config == {"retention.ms": "30d"}
    assert built_in.defaults_of("snapshot").config == {"cleanup.policy": "compact"}
    layered = load(
        '[defaults."*"]\npartitions = 3\nconfig = {"max.message.bytes" = "2MiB"}\n'
        '[defaults.evt]\nreplication_factor = 2\nconfig = {"retention.ms" = "1d"}\n'
    )
    assert layered.defaults_of("evt") == TopicDefaults(
        partitions=3, replication_factor=2, config={"retention.ms": "1d", "max.message.bytes": "2MiB"}
    )
    assert layered.defaults_of("snapshot") == TopicDefaults(
        partitions=3, config={"cleanup.policy": "compact", "max.message.bytes": "2MiB"}
    )


def test_wishes_about_drift_are_layered_key_by_key(load: Write) -> None:
    loaded = load(
        """
        [reconcile]
        stuck_after = "1h"
        group_of_node = "svc-{node}"
        partitions = { fix = "never" }
        [reconcile.config]
        retention.ms = { compare = "pin", fix = "ask" }
        "segment.ms".compare = "ignore"
        [environments.prod.reconcile]
        silent_after = "2d"
        partitions = { compare = "ignore" }
        config = { "retention.ms" = { fix = "auto" } }
        """
    )
    project, prod = loaded.reconcile_in("default"), loaded.reconcile_in("prod")
    assert project == loaded.reconcile_in("local") == loaded.reconcile
    assert (prod.stuck_after, prod.silent_after) == (timedelta(hours=1), timedelta(days=2))
    assert prod.group_of_node == ("svc-{node}",)
    assert prod.partitions == TopicRule(compare="ignore", fix="never")
    assert prod.config == {"retention.ms": KeyRule(compare="pin", fix="auto"), "segment.ms": KeyRule(compare="ignore")}
    assert project.config["retention.ms"] == KeyRule(compare="pin", fix="ask")
    with pytest.raises(SettingsError, match="there is no environment `prd`"):
        loaded.reconcile_in("prd")


def test_where_contracts_are_looked_for(load: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load('contracts = ["services", "/srv/contracts"]')
    inner = tmp_path / "services" / "inner"
    inner.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert settings.contract_sources(loaded, {}) == ("services", "/srv/contracts")
    monkeypatch.chdir(inner)
    assert settings.contract_sources(loaded, {}) == (f"{tmp_path}/services", "/srv/contracts")
    assert settings.contract_sources(loaded, {"OMNI_CONTRACTS": f"a{os.pathsep}{os.pathsep}b/c"}) == ("a", "b/c")
    assert settings.contract_sources(loaded, {"OMNI_CONTRACTS": ""}) == (f"{tmp_path}/services", "/srv/contracts")


def test_the_router(load: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (settings.models_path(load("")), settings.task_classes_path(load(""))) == (
        "models.yaml",
        "contracts/task_classes",
    )
    assert load("").router.budget == BudgetSettings(per_day_usd=None, classes={})
    loaded = load(
        """
        [router]
        models = "etc/models.yaml"
        task_classes = "/srv/classes"
        budget = { per_day_usd = 0.1, classes = { planning = 2 } }
        """
    )
    assert loaded.router.budget == BudgetSettings(per_day_usd=0.1, classes={"planning": 2})
    assert (loaded.router.budget.per_day_usd, loaded.router.budget.classes["planning"]) == (Decimal("0.1"), Decimal(2))
    assert (settings.models_path(loaded), settings.task_classes_path(loaded)) == ("etc/models.yaml", "/srv/classes")


def test_agents(load: Write) -> None:
    assert load("").agents == AgentSettings(groups={}, slots=1, answer_within=timedelta(days=1))
    loaded = load('[agents]\nslots = 3\nanswer_within = "2h"\ngroups = { reviews = ["reviewer", "merger"] }')
    assert loaded.agents.groups == {"reviews": ("reviewer", "merger")}
    assert (loaded.agents.slots, loaded.agents.answer_within) == (3, timedelta(hours=2))
    assert load("").agents.idempotency_window == timedelta(days=1)
    breaking = load('[agents]\nidempotency_window = "2h"\nbreaker = { window = 10, least = 3 }').agents
    assert (breaking.idempotency_window, breaking.breaker) == (
        timedelta(hours=2),
        BreakerSettings(window=10, share=0.5, least=3),
    )


def test_the_state_folder(load: Write, tmp_path: Path) -> None:
    loaded = load("")
    assert settings.state_folder(loaded, {}) == tmp_path / ".omni"
    assert settings.state_folder(loaded, {"OMNI_HOME": "/var/lib/omni"}) == Path("/var/lib/omni")
    assert settings.state_folder(loaded, {"OMNI_HOME": "~/omni"}) == Path.home() / "omni"
    assert settings.state_folder(loaded, {"OMNI_HOME": "state"}) == Path.cwd() / "state"


def test_kafka_properties_from_variables() -> None:
    environ = {
        "OMNI_KAFKA_SASL_USERNAME": "omni",
        "OMNI_KAFKA_SSL_CA_LOCATION": "/etc/ca.pem",
        "OMNI_KAFKA_SECURITY_PROTOCOL": "",
        "OMNI_KAFKA_": "x",
        "KAFKA_SASL_USERNAME": "other",
    }
    assert settings.kafka_properties(environ) == {"sasl.username": "omni", "ssl.ca.location": "/etc/ca.pem"}


def test_secret_kafka_properties_stand_in_files_too(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    environ = {
        "OMNI_KAFKA_SASL_PASSWORD_FILE": str(tmp_path / "password"),
        "OMNI_KAFKA_SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_FILE": "/etc/own.pem",
        "OMNI_KAFKA_SASL_OAUTHBEARER_ASSERTION_FILE": "/etc/assertion",
    }
    assert settings.kafka_properties(environ) == {
        "sasl.password": "hunter2",
        "sasl.oauthbearer.assertion.private.key.file": "/etc/own.pem",
        "sasl.oauthbearer.assertion.file": "/etc/assertion",
    }
    with pytest.raises(SettingsError, match="are both set"):
        settings.kafka_properties({**environ, "OMNI_KAFKA_SASL_PASSWORD": "hunter2"})


@pytest.mark.parametrize(
    ("value", "forbids"),
    [
        ("", False),
        ("0", False),
        ("False", False),
        ("no", False),
        ("1", True),
        ("true", True),
        ("yse", True),
        (" ", False),
    ],
)
def test_read_only_fails_closed(value: str, forbids: bool) -> None:
    assert settings.read_only({"OMNI_READONLY": value}) is forbids
    assert settings.read_only({}) is False


def test_the_broker_timeout() -> None:
    assert settings.broker_timeout({}) == settings.broker_timeout({"OMNI_BROKER_TIMEOUT": ""}) == 15
    assert settings.broker_timeout({"OMNI_BROKER_TIMEOUT": "0.5"}) == 0.5
    for text in ("soon", "0", "-1", "nan", "inf", "3600"):
        with pytest.raises(SettingsError, match=f"OMNI_BROKER_TIMEOUT is `{text}`"):
            settings.broker_timeout({"OMNI_BROKER_TIMEOUT": text})


HOOK = "OMNI_ALERT_WEBHOOK"


def test_the_webhook_of_alerts() -> None:
    assert settings.alert_webhook({}) is settings.alert_webhook({HOOK: " "}) is None
    for address in ("https://hooks.example/services/T0/B0/x?y=1", "http://127.0.0.1:8080/a", "http://localhost/a"):
        assert settings.alert_webhook({HOOK: f" {address}\n"}) == address


def test_the_webhook_stands_in_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("https://hooks.example/T0\n")
    assert settings.alert_webhook({f"{HOOK}_FILE": str(tmp_path / "hook")}) == "https://hooks.example/T0"


@pytest.mark.parametrize(
    "address",
    [
        "hooks.example/hush",
        "ftp://hooks.example/hush",
        "http://hooks.example/hush",
        "http://127.0.0.1.hooks.example/hush",
        "https:///hush",
        "https://me:hush@hooks.example/",
        "https://hooks.example:99999/hush",
        "https://hooks.example/hu sh",
        "file:///hush",
    ],
)
def test_a_webhook_that_is_none_is_never_told(address: str) -> None:
    with pytest.raises(SettingsError, match=HOOK) as error:
        settings.alert_webhook({HOOK: address})
    assert "hush" not in str(error.value)
    assert "example" not in str(error.value)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("https://host/org/repo/blob/main/{path}#L{line}", ""),
        ("https://host:8443/{path}", ""),
        ("https://host/main", "`{path}` once"),
        ("https://host/{path}/{path}", "`{path}` once"),
        ("https://host/{path}#{line}{line}", "`{path}` once"),
        ("http://host/{path}", "https address"),
        ("javascript:alert({path})", "https address"),
        ("https://me:secret@host/{path}", "https address"),
        ("https://host/{path}{other}", "https address"),
        ("https://host/{path} x", "https address"),
        ('https://host/"{path}', "https address"),
        ("https://{path}.host/", "in its host"),
    ],
)
def test_where_lines_are_shown(tmp_path: Path, template: str, said: str) -> None:
    (tmp_path / "omni.toml").write_text(f"repository_url = '{template}'\n")
    if said:
        with pytest.raises(SettingsError, match=re.escape(said)):
            settings.load(tmp_path)
    else:
        assert settings.load(tmp_path).repository_url == template


def test_what_is_told_of(tmp_path: Path) -> None:
    assert settings.load(tmp_path).alerts.kinds == (
        "drift",
        "check",
        "run",
        "budget",
        "broker",
        "dead_letters",
        "approvals",
    )
    (tmp_path / "omni.toml").write_text('alerts = { kinds = ["run"], least = "error", budget_share = 0.5 }\n')
    assert settings.load(tmp_path).alerts == AlertSettings(kinds=("run",), least="error", budget_share=0.5)
    (tmp_path / "omni.toml").write_text('alerts = { kinds = ["ruin"] }\n')
    with pytest.raises(SettingsError, match=r"`alerts.kinds\[0\]` is not 'drift', 'check'"):
        settings.load(tmp_path)


def test_a_current_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SettingsError, match="the current folder is gone"):
        settings.load()
    monkeypatch.chdir(tmp_path)


def test_the_page_names_every_key_and_variable() -> None:
    page = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`\n]+)`", page))
    prefixes: dict[str, type[BaseModel]] = {
        "": Settings,
        "grammar.": GrammarSettings,
        "check.": CheckSettings,
        "check.exemptions[].": Exemption,
        "router.": RouterSettings,
        "router.budget.": BudgetSettings,
        "alerts.": AlertSettings,
        "retention.": RetentionSettings,
        "reconcile.": ReconcileSettings,
        "reconcile.config.<key>.": KeyRule,
        "defaults.<kind>.": TopicDefaults,
        "environments.<name>.": Environment,
        "environments.<name>.limits.": LimitSettings,
    }
    tables = {"grammar", "check", "registry", "defaults", "environments", "limits"}
    for prefix, model in prefixes.items():
        keys = {key for key, field in model.model_fields.items() if not field.exclude} - tables
        assert {prefix + key for key in keys} <= named
    source = Path(settings.__file__).read_text(encoding="utf-8")
    variables = set(re.findall(r"^``(OMNI_[A-Z_<>]+)``", source, re.MULTILINE))
    assert len(variables) == 9
    assert variables <= named
