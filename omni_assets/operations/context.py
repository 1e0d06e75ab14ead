"""Where an operation works: which contracts, which broker, which profile, which state folder.

The command line, Dagster and ``omni_assets.boot()`` resolve the same way, so that all of them mean the same thing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from omni_assets import settings as settings_module
from omni_assets.broker.connection import Connection
from omni_assets.broker.local.lifecycle import last_address, running
from omni_assets.contracts.cache import Cache
from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.manifest import Limits, SpecPolicy
from omni_assets.contracts.model import Finding, Manifest, TopicSettings
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.values import InvalidValue, normalise
from omni_assets.errors import SettingsError, UnnamedBroker
from omni_assets.settings import DEFAULT_ENVIRONMENT, LOCAL_ENVIRONMENT, Environment, Settings

if TYPE_CHECKING:
    from omni_assets.broker.admin import BrokerAdmin

CONVENTIONAL_ADDRESS = "127.0.0.1:9092"
"""Where a broker is expected when nothing names one and ``omni broker start`` has started none."""


class BrokerOrigin(StrEnum):
    """How the broker's address is known: ``ASSUMED`` where nobody named one and none of this project's own runs."""

    NAMED = "named"
    LOCAL = "local"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that an operation needs to know before it begins."""

    settings: Settings
    environment: str
    sources: tuple[str, ...]
    home: Path
    bootstrap_servers: str
    origin: BrokerOrigin
    connection: Connection

    @property
    def named(self) -> bool:
        """Whether somebody named the broker."""
        return self.origin is BrokerOrigin.NAMED

    def admin(self) -> BrokerAdmin:
        """The broker's admin API, to be closed by whoever asked.

        Raises ``BrokerUnreachable``, and ``UnnamedBroker`` where one answers at an address that was only assumed: it
        may be anybody's, and what it has says nothing of this project.
        """
        from omni_assets.broker.admin import BrokerAdmin

        admin = BrokerAdmin(self.connection)
        if self.origin is BrokerOrigin.ASSUMED:
            with admin:
                admin.cluster_id()
            raise UnnamedBroker(self.bootstrap_servers)
        return admin

    def grammar(self) -> Grammar:
        """The rule that topic names follow in this project. Raises ``SettingsError``."""
        return _grammar(self.settings)

    def extractor(self) -> ContractTopicExtractor:
        """The parser under this project's grammar and this environment's limits. Raises ``SettingsError``."""
        return ContractTopicExtractor(_grammar(self.settings), _policy(self.settings, self.environment))

    def manifest(self) -> Manifest:
        """Everything that the contracts declare. Raises ``PathNotFound`` and ``NoContracts``."""
        return self.extractor().extract(self.sources, self._cache())

    def wiring_findings(self, manifest: Manifest) -> tuple[Finding, ...]:
        """What is wrong with the wiring of a manifest."""
        return self.extractor().wiring(manifest, self._cache())

    def _cache(self) -> Cache:
        return Cache(self.home / "cache" / "contracts.sqlite")


def resolve(
    paths: Sequence[str] = (),
    *,
    environment: str | None = None,
    bootstrap_servers: str | None = None,
    environ: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> Context:
    """The context of a command: what it names itself, then the variables, then the settings, then the defaults.

    Raises ``SettingsError``.
    """
    settings = settings_module.load(folder)
    home = settings_module.state_folder(settings, environ)
    name = environment or environ.get("OMNI_ENV") or settings.default_environment
    profile = settings.environment(name) if name else Environment()
    named = bootstrap_servers or environ.get("OMNI_BOOTSTRAP_SERVERS") or profile.bootstrap_servers
    record = running(home) if not (name and named) else None
    local = record.bootstrap_servers if record else None
    stopped = last_address(home) if not named and not local else None
    address = named or local or stopped or CONVENTIONAL_ADDRESS
    origin = BrokerOrigin.NAMED if named else BrokerOrigin.LOCAL if local else BrokerOrigin.ASSUMED
    if name is None:
        name = LOCAL_ENVIRONMENT if not named or named == local else DEFAULT_ENVIRONMENT
        profile = settings.environment(name)
    connection = Connection(
        bootstrap_servers=address,
        properties=MappingProxyType({**profile.kafka, **settings_module.kafka_properties(environ)}),
        timeout=settings_module.broker_timeout(environ),
        read_only=settings_module.read_only(environ),
    )
    sources = tuple(paths) or _sources(settings, environ)
    return Context(settings, name, sources, home, address, origin, connection)


def _sources(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What the variable names, or else the settings: folders and files, and installed packages."""
    folders = settings_module.contract_sources(settings, environ)
    if not settings.packages or environ.get("OMNI_CONTRACTS"):
        return folders
    from omni_assets.contracts.packages import UnknownPackage, package_folders

    try:
        packages = package_folders(settings.packages)
    except UnknownPackage as error:
        raise SettingsError(
            f"{settings.source}: `packages`: {error}.",
            "Install it where omni is installed, or take it out of `packages`.",
        ) from None
    if packages and "contracts" not in settings.model_fields_set:
        folders = tuple(folder for folder in folders if os.path.lexists(folder))
    return (*folders, *packages)


def _grammar(settings: Settings) -> Grammar:
    chosen = settings.grammar
    try:
        return Grammar(
            chosen.pattern,
            chosen.kinds,
            chosen.segment,
            command_kinds=tuple(kind for kind in chosen.command_kinds if kind in chosen.kinds),
            dead_letter_kinds=tuple(kind for kind in chosen.dead_letter_kinds if kind in chosen.kinds),
            intent_kinds=tuple(kind for kind in chosen.intent_kinds if kind in chosen.kinds),
            kinds_without_event=chosen.kinds_without_event,
        )
    except ValueError as error:
        raise SettingsError(
            f"{settings.source}: `grammar`: {error}.", "docs/settings.md shows a grammar of one's own."
        ) from None


def _policy(settings: Settings, environment: str) -> SpecPolicy:
    limits = settings.environment(environment).limits

    @cache
    def defaults(kind: str) -> TopicSettings:
        return _defaults(settings, kind)

    return SpecPolicy(defaults, Limits(limits.partitions, limits.replication_factor, limits.unsupported_config))


def _defaults(settings: Settings, kind: str) -> TopicSettings:
    stated = settings.defaults_of(kind)
    own = settings.defaults.get(kind)
    config: dict[str, str] = {}
    for key, value in stated.config.items():
        try:
            config[key] = normalise(key, value)
        except InvalidValue as reason:
            raise SettingsError(
                f"{settings.source}: `defaults.{kind if own and key in own.config else '*'}.config.{key}`: {reason}.",
                "Write it as in a contract, such as 7d.",
            ) from None
    return TopicSettings(stated.partitions, stated.replication_factor, None, MappingProxyType(config))
