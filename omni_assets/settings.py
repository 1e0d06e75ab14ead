"""The project's settings: ``omni.toml``, or ``[tool.omni]`` in ``pyproject.toml``, then ``OMNI_`` variables.

Neither file ever holds a topic name: names live in contracts. The nearest folder upwards that has settings is the
project's root; relative paths start there.

======================== =====================================================================================
``OMNI_CONTRACTS``       where contracts are looked for: folders and files, separated as in ``PATH``
``OMNI_BOOTSTRAP_SERVERS`` the broker, ``host:port[,host:port]``
``OMNI_ENV``             the profile of the settings
``OMNI_HOME``            the state folder, ``.omni`` in the project's root by default
``OMNI_READONLY``        ``1`` makes every write to a broker impossible
``OMNI_BROKER_TIMEOUT``  seconds that one broker call may take, 15 by default
``OMNI_KAFKA_<PROPERTY>`` any librdkafka property, dots as underscores: ``OMNI_KAFKA_SASL_USERNAME``
======================== =====================================================================================
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from omni_assets.errors import SettingsError

SETTINGS_FILE = "omni.toml"
LOCAL_ENVIRONMENT = "local"
DEFAULT_ENVIRONMENT = "default"
_KAFKA_PREFIX = "OMNI_KAFKA_"

ConfigValue = str | int | float | bool | list[str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GrammarSettings(_Strict):
    """The grammar of topic names: a template, its kinds, and the rule of one segment."""

    pattern: str = "onex.{kind}.{producer}.{event}.v{N}"
    kinds: tuple[str, ...] = ("cmd", "evt", "intent", "dlq", "snapshot")
    segment: str = "[a-z0-9]+(?:-[a-z0-9]+)*"


class TopicDefaults(_Strict):
    """Settings for topics of one kind whose contracts do not state them. Config values as in a contract (``7d``)."""

    partitions: Annotated[int, Field(ge=1)] | None = None
    replication_factor: Annotated[int, Field(ge=1)] | None = None
    config: Mapping[str, ConfigValue] = Field(default_factory=dict)


class LimitSettings(_Strict):
    """The most that an environment can give: declared values above are cut down to it."""

    partitions: Annotated[int, Field(ge=1)] | None = None
    replication_factor: Annotated[int, Field(ge=1)] | None = None


class Environment(_Strict):
    """A profile: where its broker is, and what it can give."""

    bootstrap_servers: str | None = None
    kafka: Mapping[str, str] = Field(default_factory=dict)
    limits: LimitSettings = LimitSettings()


_BUILT_IN_DEFAULTS: Mapping[str, TopicDefaults] = {
    "*": TopicDefaults(partitions=1, config={"retention.ms": "7d"}),
    "dlq": TopicDefaults(partitions=1, config={"retention.ms": "30d"}),
    "snapshot": TopicDefaults(partitions=1, config={"cleanup.policy": "compact"}),
}
_BUILT_IN_ENVIRONMENTS: Mapping[str, Environment] = {
    DEFAULT_ENVIRONMENT: Environment(),
    LOCAL_ENVIRONMENT: Environment(limits=LimitSettings(replication_factor=1)),
}


class Settings(_Strict):
    """All settings of a project. ``source`` is the file that they came from, or ``None``."""

    contracts: tuple[str, ...] = ("contracts",)
    grammar: GrammarSettings = GrammarSettings()
    defaults: Mapping[str, TopicDefaults] = Field(default_factory=dict)
    environments: Mapping[str, Environment] = Field(default_factory=dict)
    default_environment: str | None = None
    root: Path = Field(default_factory=Path.cwd, exclude=True)
    source: Path | None = Field(default=None, exclude=True)

    @cached_property
    def environment_names(self) -> tuple[str, ...]:
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
        """The defaults of a kind: the project's for it, the project's for all (``*``), then the built-in ones."""
        for table in (self.defaults, _BUILT_IN_DEFAULTS):
            for key in (kind, "*"):
                if key in table:
                    return table[key]
        return TopicDefaults()


def load(start: Path | None = None) -> Settings:
    """The settings that hold in ``start`` (the current folder). Raises ``SettingsError`` naming the file and key."""
    folder = (start or Path.cwd()).resolve()
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


def state_folder(settings: Settings, environ: Mapping[str, str] = os.environ) -> Path:
    """The state folder: ``OMNI_HOME``, else ``.omni`` in the project's root."""
    return Path(environ.get("OMNI_HOME") or settings.root / ".omni").expanduser().absolute()


def kafka_properties(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """librdkafka properties from ``OMNI_KAFKA_<PROPERTY>`` variables: ``SASL_USERNAME`` is ``sasl.username``."""
    return {
        name.removeprefix(_KAFKA_PREFIX).lower().replace("_", "."): value
        for name, value in environ.items()
        if name.startswith(_KAFKA_PREFIX) and value
    }


def read_only(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether ``OMNI_READONLY`` forbids writes. Anything but empty, 0, false or no does: it fails closed."""
    return environ.get("OMNI_READONLY", "").strip().lower() not in {"", "0", "false", "no"}


def broker_timeout(environ: Mapping[str, str] = os.environ) -> float:
    """Seconds that one broker call may take. Raises ``SettingsError`` where the variable is not a positive number."""
    text = environ.get("OMNI_BROKER_TIMEOUT", "15")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3600:
        raise SettingsError(f"OMNI_BROKER_TIMEOUT is `{text}`.", "Give seconds as a number between 0 and 3600.")
    return seconds


def _table(file: Path, keys: tuple[str, ...]) -> dict[str, Any] | None:
    try:
        values: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {file}: {error}.", "Make it a readable UTF-8 file.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {error}.", "Mend the line that it names.") from None
    for key in keys:
        if not isinstance(values, dict) or key not in values:
            return None
        values = values[key]
    return values if isinstance(values, dict) else None


def _validated(values: dict[str, Any], root: Path, file: Path) -> Settings:
    try:
        return Settings.model_validate({**values, "root": root, "source": file})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{file}: `{key}`: {first['msg'].lower()}.", "docs/settings.md lists every key.") from None


def _relative(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _at(source: Path | None) -> str:
    return f" in {source}" if source else ""
