"""The owner's policy for drift in one environment, from the settings."""

from __future__ import annotations

from types import MappingProxyType

from omni_assets.drift.policy import Compare, Fix, Policy, Rule, Watch
from omni_assets.operations.context import Context
from omni_assets.settings import KeyRule, OrphanRule, TopicRule


def policy_of(context: Context) -> Policy:
    """What the settings want done about drift in the environment of ``context``. Raises ``SettingsError``."""
    stated = context.settings.reconcile_in(context.environment)
    return Policy(
        config=MappingProxyType({key: _rule(rule) for key, rule in stated.config.items()}),
        partitions=_rule(stated.partitions),
        replication_factor=_rule(stated.replication_factor),
        missing=_rule(stated.missing),
        orphaned=_rule(stated.orphaned),
        group_of_node=stated.group_of_node,
        silent_readers=Watch(stated.silent_readers),
        stuck_after=stated.stuck_after,
        silent_after=stated.silent_after,
        max_changed_share=stated.max_changed_share,
        min_age_to_delete=stated.min_age_to_delete,
        probe=stated.probe,
    )


def _rule(stated: KeyRule | TopicRule | OrphanRule) -> Rule:
    return Rule(Compare(stated.compare), None if stated.fix is None else Fix(stated.fix))
