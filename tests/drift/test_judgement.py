from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.drift.judgement import judge_config, judge_partitions, judge_replication
from omni_assets.drift.verdict import EXPLANATIONS, Reason, Verdict

values = st.one_of(st.integers(-1, 10**20).map(str), st.text(max_size=8))


@given(st.sampled_from(["retention.ms", "retention.bytes"]), values, values)
def test_no_correction_that_keeps_less_is_ever_automatic(key, declared, observed):
    judgement = judge_config(key, declared, observed)
    if judgement.verdict is Verdict.AUTO_FIXABLE:
        assert declared == "-1" or (observed != "-1" and int(declared) > int(observed))


@given(values, values)
def test_zero_retention_is_never_applied_without_a_person(declared, observed):
    assert judge_config("retention.ms", "0", observed).verdict is Verdict.NEEDS_APPROVAL
    assert judge_config("retention.ms", declared, "0").verdict is Verdict.NEEDS_APPROVAL


@given(st.text(max_size=30), values, values)
def test_a_key_without_a_rule_asks(key, declared, observed):
    judgement = judge_config(f"x.{key}", declared, observed)
    assert judgement == (Verdict.NEEDS_APPROVAL, Reason.EFFECT_UNREVIEWED)


@pytest.mark.parametrize("pair", [("compact", "delete"), ("delete", "compact"), ("compact,delete", "delete")])
def test_cleanup_policy_always_asks(pair):
    assert judge_config("cleanup.policy", *pair).reason is Reason.CLEANUP_POLICY_CHANGES


def test_partitions_never_shrink_and_grow_freely_only_without_keys():
    assert judge_partitions(3, 6, keyed=False).verdict is Verdict.UNFIXABLE
    assert judge_partitions(6, 3, keyed=False).verdict is Verdict.AUTO_FIXABLE
    assert judge_partitions(6, 3, keyed=True).verdict is Verdict.NEEDS_APPROVAL
    assert judge_partitions(6, 3, keyed=None).verdict is Verdict.NEEDS_APPROVAL


def test_replicas_need_brokers():
    assert judge_replication(3, brokers=1).verdict is Verdict.UNFIXABLE
    assert judge_replication(3, brokers=3).verdict is Verdict.NEEDS_APPROVAL


def test_every_reason_is_explained():
    assert set(EXPLANATIONS) == set(Reason)
