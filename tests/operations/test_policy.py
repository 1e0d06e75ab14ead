"""The settings' wishes and the policy's own defaults say the same."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from omni_assets.drift.policy import BUILT_IN_POLICY, Compare, Fix, Rule
from omni_assets.operations.context import resolve
from omni_assets.operations.policy import policy_of


def test_without_settings_it_is_the_built_in_policy(tmp_path: Path) -> None:
    assert policy_of(resolve(environ={}, folder=tmp_path)) == BUILT_IN_POLICY


def test_an_environment_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "omni.toml").write_text(
        '[reconcile.config]\nretention.ms.compare = "pin"\n'
        '[environments.prod.reconcile]\nsilent_after = "1d"\nmissing = { fix = "never" }\n'
    )
    policy = policy_of(resolve(environment="prod", environ={}, folder=tmp_path))
    assert policy.config == {"retention.ms": Rule(Compare.PIN)}
    assert (policy.silent_after, policy.missing) == (timedelta(days=1), Rule(fix=Fix.NEVER))
