"""The project's settings: ``omni.toml``, or ``[tool.omni]`` in ``pyproject.toml``, then ``OMNI_`` variables.

Neither file ever holds a topic name: names live in contracts. The nearest folder upwards that has settings is the
project's root; relative paths start there.

========================== ===========================================================================
``OMNI_CONTRACTS``         where contracts are looked for: folders and files, separated as in ``PATH``
``OMNI_BOOTSTRAP_SERVERS`` the broker, ``host:port[,host:port]``
``OMNI_ENV``               the profile of the settings
``OMNI_HOME``              the state folder, ``.omni`` in the project's root by default
``OMNI_READONLY``          ``1`` makes every write to a broker impossible
``OMNI_BROKER_TIMEOUT``    seconds that one broker call may take, 15 by default
``OMNI_ALERT_WEBHOOK``     where alerts are posted: a secret, so that no file holds it
``OMNI_EXPORT_POSTGRES``   the database that tables are exported to: a secret, since its password is in it
``OMNI_KAFKA_<PROPERTY>``  any librdkafka property, dots as underscores: ``OMNI_KAFKA_SASL_USERNAME``
``<SECRET>_FILE``          in place of a variable that holds a secret, the file that holds it
========================== ===========================================================================
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from omni_assets.credentials import IN_FILE, secret, without_users
from omni_assets.errors import SettingsError, reason

SETTINGS_FILE = "omni.toml"
LOCAL_ENVIRONMENT = "local"
DEFAULT_ENVIRONMENT = "default"
OTHER_NODES = "others"
_KAFKA_PREFIX = "OMNI_KAFKA_"
_WEBHOOK = "OMNI_ALERT_WEBHOOK"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SECRET = re.compile(
    r"(?:password|passphrase|secret|token|credentials?|\.key|key\.pem|jaas\.config|oauthbearer\.config)$", re.IGNORECASE
)
_GROUP_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_DURATION = re.compile(r"([0-9]{1,6}) ?(s|min|h|d)")
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_ADDRESSES = frozenset({"bootstrap.servers", "metadata.broker.list"})
_FILES_OF_ITS_OWN = frozenset({"sasl.oauthbearer.assertion.private.key.file"})  # what librdkafka reads itself

ConfigValue = str | int | float | bool | list[str]


def is_secret(name: str) -> bool:
    """Whether the librdkafka property of that name holds a secret, rather than where one is or how it is used."""
    return _SECRET.search(name) is not None


def _dotted(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Pairs with dotted keys: ``retention.ms = "7d"`` without quotes is a table in a table to TOML."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _topic_config(table: object) -> object:
    if not isinstance(table, Mapping):
        return table
    config = dict(_dotted(table))
    for key, value in config.items():
        single = isinstance(value, (str, int, float))
        if not single and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
            raise ValueError(f"holds neither a text, a number, true or false, nor a list of texts under `{key}`")
    return config


def _kafka_properties(table: object) -> object:
    if not isinstance(table, Mapping):
        return table
    properties: dict[str, str] = {}
    for key, value in _dotted(table):
        if key in _ADDRESSES:
            raise ValueError(f"holds `{key}`; set `bootstrap_servers` of the environment instead")
        if is_secret(key):
            variable = _KAFKA_PREFIX + key.upper().replace(".", "_")
            raise ValueError(f"holds `{key}`, and a secret does not belong in a file; set {variable} instead")
        single = isinstance(value, (str, int, float))
        if not single:
            raise ValueError(f"holds neither a text, a number, nor true or false under `{key}`")
        if without_users(str(value)) != str(value):
            raise ValueError(f"holds an address with a password under `{key}`, and a secret does not belong in a file")
        properties[key] = str(value).lower() if isinstance(value, bool) else str(value)
    return properties


def _key_rules(table: object) -> object:
    """Rules by config key: a table without a table in it is a rule, dotted keys lead to it with or without quotes."""
    return dict(_rules(table)) if isinstance(table, Mapping) else table


def _rules(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and any(isinstance(each, Mapping) for each in value.values()):
            yield from _rules(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def duration(value: object) -> timedelta:
    """What a text such as ``15min`` says. Raises ``ValueError``, whose ``str()`` is a clause."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is not a duration such as `30s`, `15min`, `12h` or `7d`")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def _share(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError("is not a share from 0 to 1")
    return float(value)


def _usd(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)) or not 0 <= value < 10**9:
        raise ValueError("is not an amount of US dollars such as `2.5`")
    amount = Decimal(str(value))
    if amount != round(amount, 9):
        raise ValueError("has more than nine decimal places")
    return amount


def _repository_url(template: str) -> str:
    """Where a line of a file is shown: an https address without a secret in it, with a place for the path."""
    if template.count("{path}") != 1 or template.count("{line}") > 1:
        raise ValueError("does not hold `{path}` once, and `{line}` once or not at all")
    bare = template.replace("{path}", "").replace("{line}", "")
    if not _is_address(bare, "https") or not set(bare).isdisjoint("{}<>\"'`\\ "):
        raise ValueError("is not an https address such as `https://host/org/repo/blob/main/{path}#L{line}`")
    if "{" in template.partition("//")[2].partition("/")[0]:
        raise ValueError("has a place for the path or the line in its host")
    return template


def _is_address(text: str, *schemes: str) -> bool:
    """Whether a text is the address of a page: with a host, and without a user or a password."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    named = bool(parts.hostname) and "@" not in parts.netloc and port != 0
    return parts.scheme in schemes and named and text.isascii() and text.isprintable() and " " not in text


def _group_patterns(value: object) -> object:
    patterns = (value,) if isinstance(value, str) else value
    if isinstance(patterns, (list, tuple)):
        for pattern in patterns:
            if isinstance(pattern, str) and pattern.count("{node}") != 1:
                raise ValueError(f"holds `{pattern}`, in which `{{node}}` does not stand once")
        return tuple(patterns)
    return patterns


def _node_groups(groups: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """Names that a run's tag can hold, and no node in two groups: two workers would take each other's seat."""
    nodes = [node for members in groups.values() for node in members]
    for name in groups:
        if _GROUP_NAME.fullmatch(name) is None:
            raise ValueError(f"holds `{name}`; a name has small letters, digits and `-`, 40 at most")
    if OTHER_NODES in groups:
        raise ValueError(f"holds `{OTHER_NODES}`, which are the nodes that are in no group")
    for node in nodes:
        if nodes.count(node) > 1:
            raise ValueError(f"holds the node `{node}` twice, and a node is worked for in one group")
    return groups


Count = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
TopicConfig = Annotated[Mapping[str, ConfigValue], BeforeValidator(_topic_config)]
Duration = Annotated[timedelta, BeforeValidator(duration)]
Share = Annotated[float, BeforeValidator(_share)]
Usd = Annotated[Decimal, BeforeValidator(_usd)]
Flag = Annotated[bool, Field(strict=True)]
NodeGroups = Annotated[Mapping[str, tuple[str, ...]], AfterValidator(_node_groups)]
GroupPatterns = Annotated[tuple[str, ...], BeforeValidator(_group_patterns), Field(min_length=1)]
RepositoryUrl = Annotated[str, AfterValidator(_repository_url)]
AlertKindName = Literal["drift", "check", "run", "budget", "broker", "dead_letters", "approvals"]
KafkaProperties = Annotated[Mapping[str, str], BeforeValidator(_kafka_properties)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GrammarSettings(_Strict):
    """The grammar of topic names: a template, its kinds and what they mean, and the rule of one segment.

    ``command_kinds`` ask for something, so that one that nobody handles is an error; ``dead_letter_kinds`` are read by
    people, ``intent_kinds`` by the workers that write them; names of ``kinds_without_event`` may leave the event out
    (``onex.dlq.router.v1``).
    """

    pattern: str = "onex.{kind}.{producer}.{event}.v{N}"
    kinds: tuple[str, ...] = ("cmd", "evt", "intent", "dlq", "snapshot")
    segment: str = "[a-z0-9]+(?:-[a-z0-9]+)*"
    command_kinds: tuple[str, ...] = ("cmd", "command", "commands")
    dead_letter_kinds: tuple[str, ...] = ("dlq", "dead-letter", "dead_letter", "deadletter")
    intent_kinds: tuple[str, ...] = ("intent", "intents")
    kinds_without_event: tuple[str, ...] = ()


class TopicDefaults(_Strict):
    """Settings for topics of one kind whose contracts do not state them. Config values as in a contract (``7d``)."""

    partitions: Count | None = None
    replication_factor: Count | None = None
    config: TopicConfig = Field(default_factory=dict)


class LimitSettings(_Strict):
    """The most that an environment can give: declared values above are cut down to it.

    ``unsupported_config`` holds patterns (``redpanda.*``) of config keys that its broker does not take: they are left
    out.
    """

    partitions: Count | None = None
    replication_factor: Count | None = None
    unsupported_config: tuple[str, ...] = ()


class KeyRule(_Strict):
    """What is wanted of one config key. ``fix`` is ``None`` where the built-in judgement decides."""

    compare: Literal["inherit", "pin", "ignore"] = "inherit"
    fix: Literal["auto", "ask", "never"] | None = None


class TopicRule(_Strict):
    """What is wanted of something about a whole topic: it is the topic's own, so there is nothing to pin."""

    compare: Literal["inherit", "ignore"] = "inherit"
    fix: Literal["auto", "ask", "never"] | None = None


class OrphanRule(_Strict):
    """What is wanted of topics that no contract declares. Nothing deletes them without asking."""

    compare: Literal["inherit", "ignore"] = "inherit"
    fix: Literal["ask", "never"] | None = None


class ReconcileSettings(_Strict):
    """What counts as drift, and what is corrected; ``drift.policy`` says what each means."""

    config: Annotated[Mapping[str, KeyRule], BeforeValidator(_key_rules)] = Field(default_factory=dict)
    partitions: TopicRule = TopicRule()
    replication_factor: TopicRule = TopicRule()
    missing: TopicRule = TopicRule()
    orphaned: OrphanRule = OrphanRule()
    group_of_node: GroupPatterns = ("{node}", "{node}[-._:]*")
    silent_readers: Literal["auto", "always", "never"] = "auto"
    stuck_after: Duration = timedelta(minutes=15)
    silent_after: Duration | None = None
    max_changed_share: Share = 0.3
    min_age_to_delete: Duration = timedelta(days=7)
    probe: Flag = True


class Environment(_Strict):
    """A profile: where its broker is, and what it can give. ``kafka`` holds librdkafka properties, no secrets."""

    bootstrap_servers: str | None = None
    kafka: KafkaProperties = Field(default_factory=dict)
    limits: LimitSettings = LimitSettings()
    reconcile: ReconcileSettings = ReconcileSettings()


class Exemption(_Strict):
    """Findings that are accepted for a time: of one rule, in contracts whose path matches a pattern.

    ``code`` is a rule's code or name. ``reason`` is for the next person; after the day ``expires`` the exemption is an
    error and covers nothing.
    """

    code: Annotated[str, Field(min_length=1)]
    path: Annotated[str, Field(min_length=1)] = "*"
    node: Annotated[str, Field(min_length=1)] = "*"
    reason: Annotated[str, Field(min_length=1)]
    expires: date


class CheckSettings(_Strict):
    """How findings are judged. Rules are named by code, by a prefix of codes (``OM2``), or by name.

    ``select`` and ``ignore`` choose rules, ``severity`` gives rules another one, ``baseline`` is the file of findings
    that were there when checking began.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Literal["error", "warning", "note"]] = Field(default_factory=dict)
    baseline: str | None = None
    exemptions: tuple[Exemption, ...] = ()


class RegistrySettings(_Strict):
    """Where the generated registry is: one module for all producers, or a folder with a module each."""

    path: str | None = None
    per_producer: bool = False


class BudgetSettings(_Strict):
    """The most that tasks may cost in a day of UTC, in US dollars: all together, and those of a class."""

    per_day_usd: Usd | None = None
    classes: Mapping[str, Usd] = Field(default_factory=dict)


class RouterSettings(_Strict):
    """Where the router finds its models and task classes, what it may spend, and what it keeps.

    ``store_text`` keeps prompts and outputs themselves, not only their digests. ``ledger_node`` is the node whose
    contract owns the topic of receipts. ``local_model`` is a GGUF file for `omni model serve`, in place of the one that
    the extra brings; ``serve_local`` lets `omni up` serve it.
    """

    models: Annotated[str, Field(min_length=1)] = "models.yaml"
    task_classes: Annotated[str, Field(min_length=1)] = "contracts/task_classes"
    budget: BudgetSettings = BudgetSettings()
    store_text: Flag = False
    ledger_node: Annotated[str, Field(min_length=1)] = "receipt-recorder"
    local_model: Annotated[str, Field(min_length=1)] | None = None
    serve_local: Flag = False


class BreakerSettings(_Strict):
    """When a node's worker stops, rather than going on to write dead letters: once ``least`` of its latest ``window``
    tasks, and this ``share`` of them, ended so.
    """

    window: Count = 100
    share: Share = 0.5
    least: Count = 20


class AgentSettings(_Strict):
    """How the nodes that have handlers are worked for.

    ``groups`` are nodes by the name of their group, which share a run in Dagster; those in none are the group
    ``others``. ``slots`` is the most runs of one group at a time. A question to a person that waits for longer than
    ``answer_within`` is a warning. A task with the idempotency key and the key of another one that began within
    ``idempotency_window`` is a duplicate of it.
    """

    groups: NodeGroups = Field(default_factory=dict)
    slots: Count = 1
    answer_within: Duration = timedelta(days=1)
    idempotency_window: Duration = timedelta(days=1)
    breaker: BreakerSettings = BreakerSettings()


class AlertSettings(_Strict):
    """What people are told of that is wrong. ``node`` is the node whose contract owns the topic of alerts.

    ``kinds`` and ``least`` choose what is told. A budget of which this ``budget_share`` is gone, a broker that has not
    answered ``broker_away_for`` so long, and so many ``dead_letters`` in an hour are worth an alert.
    """

    node: Annotated[str, Field(min_length=1)] | None = None
    kinds: tuple[AlertKindName, ...] = get_args(AlertKindName)
    least: Literal["warning", "error"] = "warning"
    budget_share: Share = 0.8
    broker_away_for: Duration = timedelta(minutes=15)
    dead_letters: Count = 20


class RetentionSettings(_Strict):
    """For how long is kept what need not be kept for ever: rows of drift that was resolved, rows of tasks and receipts
    that a ledger has, and Dagster's records of runs that ended. A ledger itself, and what is open, is always kept.
    """

    drift: Duration = timedelta(days=365)
    tasks: Duration = timedelta(days=365)
    runs: Duration = timedelta(days=90)


_BUILT_IN_DEFAULTS: Mapping[str, TopicDefaults] = {
    "*": TopicDefaults(partitions=1, config={"retention.ms": "7d"}),
    "dlq": TopicDefaults(partitions=1, config={"retention.ms": "30d"}),
    "snapshot": TopicDefaults(partitions=1, config={"cleanup.policy": "compact"}),
}
_BUILT_IN_ENVIRONMENTS: Mapping[str, Environment] = {
    DEFAULT_ENVIRONMENT: Environment(),
    LOCAL_ENVIRONMENT: Environment(
        limits=LimitSettings(
            replication_factor=1,
            unsupported_config=("redpanda.*", "retention.local.target.*", "initial.retention.local.target.*"),
        )
    ),
}


class Settings(_Strict):
    """All settings of a project. ``source`` is the file that they came from, or ``None``."""

    contracts: Annotated[tuple[str, ...], Field(min_length=1)] = ("contracts",)
    packages: tuple[str, ...] = ()
    grammar: GrammarSettings = GrammarSettings()
    check: CheckSettings = CheckSettings()
    registry: RegistrySettings = RegistrySettings()
    router: RouterSettings = RouterSettings()
    agents: AgentSettings = AgentSettings()
    alerts: AlertSettings = AlertSettings()
    retention: RetentionSettings = RetentionSettings()
    repository_url: RepositoryUrl | None = None
    reconcile: ReconcileSettings = ReconcileSettings()
    defaults: Mapping[str, TopicDefaults] = Field(default_factory=dict)
    environments: Mapping[str, Environment] = Field(default_factory=dict)
    default_environment: str | None = None
    root: Path = Field(default_factory=Path.cwd, exclude=True)
    source: Path | None = Field(default=None, exclude=True)

    @property
    def environment_names(self) -> tuple[str, ...]:
        """Every environment that there is, in order of the alphabet."""
        return tuple(sorted({*_BUILT_IN_ENVIRONMENTS, *self.environments}))

    def environment(self, name: str) -> Environment:
        """The profile of that name. Raises ``SettingsError`` where there is none."""
        found = self.environments.get(name) or _BUILT_IN_ENVIRONMENTS.get(name)
        if found is None:
            raise SettingsError(
                f"there is no environment `{name}`{_at(self.source)}; there are {', '.join(self.environment_names)}.",
                f"Add [environments.{name}] to the settings, or name another with --env.",
            )
        return found

    def defaults_of(self, kind: str) -> TopicDefaults:
        """The defaults of a kind, key by key: the project's for it, the project's for all (``*``), then built-in."""
        built_in = _BUILT_IN_DEFAULTS.get(kind, _BUILT_IN_DEFAULTS["*"])
        merged: dict[str, Any] = {"config": {}}
        for layer in (built_in, self.defaults.get("*"), self.defaults.get(kind)):
            if layer is not None:
                stated = layer.model_dump(exclude_none=True)
                merged = {**merged, **stated, "config": {**merged["config"], **stated["config"]}}
        return TopicDefaults(**merged)

    def reconcile_in(self, environment: str) -> ReconcileSettings:
        """What an environment wants done about drift, key by key: its own settings, then the project's.

        Raises ``SettingsError`` where there is no such environment.
        """
        layers = (self.reconcile, self.environment(environment).reconcile)
        project, own = (layer.model_dump(exclude_unset=True) for layer in layers)
        tables: dict[str, dict[str, Any]] = {
            name: {**project.get(name, {}), **own.get(name, {})}
            for name in ("partitions", "replication_factor", "missing", "orphaned")
            if name in project or name in own
        }
        rules = {key: dict(rule) for key, rule in project.get("config", {}).items()}
        for key, rule in own.get("config", {}).items():
            rules[key] = {**rules.get(key, {}), **rule}
        layered: dict[str, Any] = {**project, **own, **tables, "config": rules}
        return ReconcileSettings(**layered)


def load(start: Path | None = None) -> Settings:
    """The settings that hold in ``start`` (the current folder). Raises ``SettingsError`` naming the file and key."""
    try:
        folder = (start or Path.cwd()).resolve()
    except OSError as error:
        raise SettingsError(f"the current folder is gone: {reason(error)}.", "Change to one that exists.") from None
    for candidate in (folder, *folder.parents):
        for file, table in ((candidate / SETTINGS_FILE, ()), (candidate / "pyproject.toml", ("tool", "omni"))):
            values = _table(file, table)
            if values is not None:
                return _validated(values, candidate, file)
    return Settings(root=folder)


def contract_sources(settings: Settings, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Where contracts are looked for when a command names no path: ``OMNI_CONTRACTS``, else the settings'."""
    named = [part for part in environ.get("OMNI_CONTRACTS", "").split(os.pathsep) if part]
    return tuple(named) or tuple(_relative(settings.root / source) for source in settings.contracts)


def registry_path(settings: Settings) -> str | None:
    """Where the settings have the generated registry, or ``None``."""
    return None if settings.registry.path is None else _relative(settings.root / settings.registry.path)


def baseline_path(settings: Settings) -> str | None:
    """Where the settings have the baseline of findings, or ``None``."""
    return None if settings.check.baseline is None else _relative(settings.root / settings.check.baseline)


def models_path(settings: Settings) -> str:
    """Where the settings have the catalog of models."""
    return _relative(settings.root / settings.router.models)


def task_classes_path(settings: Settings) -> str:
    """Where the settings have the folder of task classes."""
    return _relative(settings.root / settings.router.task_classes)


def source_path(settings: Settings) -> str | None:
    """The settings file as people write it here, or ``None``."""
    return None if settings.source is None else _relative(settings.source)


def state_folder(settings: Settings, environ: Mapping[str, str] = os.environ) -> Path:
    """The state folder: ``OMNI_HOME``, else ``.omni`` in the project's root."""
    return Path(os.path.expanduser(environ.get("OMNI_HOME") or settings.root / ".omni")).absolute()


def kafka_properties(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """librdkafka properties from ``OMNI_KAFKA_<PROPERTY>`` variables: ``SASL_USERNAME`` is ``sasl.username``.

    What is secret may stand in a file, which ``OMNI_KAFKA_<PROPERTY>_FILE`` names. Raises ``SettingsError`` where one
    of them would name the broker, or such a file cannot be used.
    """
    stated = {
        _property(name): name
        for name, value in environ.items()
        if name.startswith(_KAFKA_PREFIX) and name != _KAFKA_PREFIX and value
    }
    for key in sorted(_ADDRESSES & stated.keys()):
        raise SettingsError(f"{stated[key]} does not name the broker.", "Set OMNI_BOOTSTRAP_SERVERS instead.")
    in_files = {key: name for key, name in stated.items() if _names_a_file(key)}
    properties = {key: environ[name] for key, name in stated.items() if key not in in_files}
    for name in in_files.values():
        held_by = name.removesuffix(IN_FILE)
        properties[_property(held_by)] = secret(held_by, environ)
    return properties


def _property(variable: str) -> str:
    return variable.removeprefix(_KAFKA_PREFIX).lower().replace("_", ".")


def _names_a_file(key: str) -> bool:
    """Whether what looks like a property is a secret's, with the file that holds it."""
    suffix = IN_FILE.lower().replace("_", ".")
    return key.endswith(suffix) and key not in _FILES_OF_ITS_OWN and is_secret(key.removesuffix(suffix))


def read_only(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether ``OMNI_READONLY`` forbids writes. Anything but empty, 0, false or no does: it fails closed."""
    return environ.get("OMNI_READONLY", "").strip().lower() not in {"", "0", "false", "no"}


def broker_timeout(environ: Mapping[str, str] = os.environ) -> float:
    """Seconds that one broker call may take. Raises ``SettingsError`` where the variable is not a positive number."""
    text = environ.get("OMNI_BROKER_TIMEOUT") or "15"
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3600:
        raise SettingsError(f"OMNI_BROKER_TIMEOUT is `{text}`.", "Give seconds as a number between 0 and 3600.")
    return seconds


def alert_webhook(environ: Mapping[str, str] = os.environ) -> str | None:
    """Where alerts are posted, or ``None``. It is a secret, which may stand in a file: no error tells it.

    Raises ``SettingsError`` where it is no https address; on this machine plain http will do.
    """
    address = secret(_WEBHOOK, environ)
    if not address:
        return None
    if not _is_address(address, "http", "https"):
        raise SettingsError(f"{_WEBHOOK} is not an https address.", "Set it to the whole address of a webhook.")
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise SettingsError(f"{_WEBHOOK} is an http address, and it is a secret.", "Set it to an https address.")
    return address


def _table(file: Path, keys: tuple[str, ...]) -> dict[str, Any] | None:
    """The table under ``keys`` in ``file``, or ``None`` where there is no such file or table."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise SettingsError(f"cannot read {file}: it is not a file.", "Move it away, or put a settings file there.")
        values: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not UTF-8 at offset {error.start}.", "Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {reason(error)}.", "Make it a readable file.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {_clause(str(error))}.", "Mend the line that it names.") from None
    except RecursionError:
        raise SettingsError(f"{file} nests too deep to be read.", "Flatten it.") from None
    for position, key in enumerate(keys):
        values = values.get(key)
        if values is None:
            return None
        if not isinstance(values, dict):
            name = ".".join(keys[: position + 1])
            raise SettingsError(f"{file}: `{name}` is not a table.", f"Write [{'.'.join(keys)}] above its keys.")
    return dict(values)


def _validated(values: dict[str, Any], root: Path, file: Path) -> Settings:
    for key in ("root", "source"):
        if key in values:
            raise SettingsError(f"{file}: `{key}` is not a setting.", _SEE_DOCS)
    try:
        return Settings.model_validate({**values, "root": root, "source": file})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
        raise SettingsError(f"{file}: `{key}` {_problem(first)}.", _SEE_DOCS) from None


def _problem(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        close = get_close_matches(str(error["loc"][-1]), _KEYS, 1)
        return f"is not a setting; `{close[0]}` is one" if close else "is not a setting"
    if kind == "literal_error":
        return f"is not {context['expected']}"
    return _PROBLEMS.get(kind) or _clause(error["msg"])


_MODELS = (
    Settings,
    ReconcileSettings,
    KeyRule,
    TopicRule,
    OrphanRule,
    GrammarSettings,
    TopicDefaults,
    Environment,
    LimitSettings,
    CheckSettings,
    Exemption,
    RegistrySettings,
    RouterSettings,
    BudgetSettings,
    AgentSettings,
    AlertSettings,
    BreakerSettings,
    RetentionSettings,
)
_KEYS = sorted({key for model in _MODELS for key, field in model.model_fields.items() if not field.exclude})
_SEE_DOCS = "docs/settings.md lists every key."
_PROBLEMS = {
    "bool_type": "is neither true nor false",
    "dict_type": "is not a table",
    "greater_than_equal": "is less than 1",
    "int_type": "is not a whole number",
    "less_than_equal": "is larger than any broker takes",
    "mapping_type": "is not a table",
    "missing": "is missing",
    "model_type": "is not a table",
    "string_too_short": "is empty",
    "string_type": "is not a text",
    "too_short": "is empty",
    "tuple_type": "is not a list",
}


def _clause(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _relative(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _at(source: Path | None) -> str:
    return f" in {source}" if source else ""
