"""From the settings to what ``drift`` takes as the owner's wishes."""

from __future__ import annotations

from types import MappingProxyType

from omni_assets.drift.policy import Compare, Fix, Policy, Rule, Watch
from omni_assets.settings import KeyRule, OrphanRule, Settings, TopicRule


def policy_in(settings: Settings, environment: str) -> Policy:
    """The policy that holds in an environment. Raises ``SettingsError`` where there is no such environment."""
    chosen = settings.reconcile_in(environment)
    return Policy(
        config=MappingProxyType({key: _rule(rule) for key, rule in chosen.config.items()}),
        partitions=_rule(chosen.partitions),
        replication_factor=_rule(chosen.replication_factor),
        missing=_rule(chosen.missing),
        orphaned=_rule(chosen.orphaned),
        group_of_node=chosen.group_of_node,
        silent_readers=Watch(chosen.silent_readers),
        stuck_after=chosen.stuck_after,
        silent_after=chosen.silent_after,
        max_changed_share=chosen.max_changed_share,
        min_age_to_delete=chosen.min_age_to_delete,
        probe=chosen.probe,
    )


def _rule(stated: KeyRule | TopicRule | OrphanRule) -> Rule:
    return Rule(Compare(stated.compare), None if stated.fix is None else Fix(stated.fix))
