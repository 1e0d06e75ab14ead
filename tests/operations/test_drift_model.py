"""Whatever contracts say and whatever others do to the broker: a plan that is approved ends in what the policy wants.

What should be there afterwards is worked out here by itself, from the specs and from what the broker had before.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from omni_assets.contracts.model import TopicSpec
from omni_assets.drift.kinds import UNDECLARED_KINDS
from omni_assets.drift.verdict import Verdict
from omni_assets.operations.apply import apply, apply_safe
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.observe import drift
from omni_assets.operations.plan import make_plan
from tests.support import tampering

pytestmark = [pytest.mark.broker, pytest.mark.slow]

NAMES = [f"onex.evt.router.{event}.v1" for event in ("asked", "merged", "built")]
OTHERS = [f"com.example.{name}" for name in ("orders", "billing")]
RETENTION, LARGEST, SEGMENT, CLEANUP = "retention.ms", "max.message.bytes", "segment.ms", "cleanup.policy"
VALUES = {
    RETENTION: ["0", "60000", "86400000", "604800000", "-1"],
    LARGEST: ["1000000", "1048588", "2097152"],
    SEGMENT: ["60000", "604800000"],
    CLEANUP: ["delete", "compact", "compact,delete"],
}
UNTOUCHED = ({"compare": "ignore"}, {"fix": "never"})

configs = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in VALUES.items()})
rules = st.sampled_from([{}, {"fix": "ask"}, {"fix": "auto"}, *UNTOUCHED])
specs = st.fixed_dictionaries({"partitions": st.integers(1, 4), "config": configs}, optional={"keyed": st.booleans()})
wishes = st.fixed_dictionaries(
    {"partitions": rules, "missing": rules},
    optional={RETENTION: st.one_of(rules, st.just({"compare": "pin"})), CLEANUP: rules},
)


@dataclass(frozen=True)
class Present:
    """A topic on the broker: its partitions and the value of each key that the test plays with."""

    partitions: int
    config: Mapping[str, str]


class Reconciling(RuleBasedStateMachine):
    """Contracts and a broker that change as they like, and ``reconcile`` in between."""

    def __init__(self, bootstrap_servers: str, client: AdminClient, folder: Path) -> None:
        super().__init__()
        self.client = client
        self.folder = folder
        self.bootstrap_servers = bootstrap_servers
        self.wishes: Mapping[str, Any] = {}
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "contracts").mkdir(parents=True)

    @initialize(wanted=wishes, declared=st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, specs)))
    def begin(self, wanted: Mapping[str, Any], declared: Mapping[str, Any]) -> None:
        self.wishes = wanted
        tables = {key: wanted[key] for key in (RETENTION, CLEANUP) if key in wanted}
        (self.folder / "omni.toml").write_text(
            "[reconcile]\nmax_changed_share = 1.0\n"
            + "".join(f"{name} = {_inline(wanted[name])}\n" for name in ("partitions", "missing"))
            + "[reconcile.config]\n"
            + "".join(f'"{key}" = {_inline(value)}\n' for key, value in tables.items()),
            encoding="utf-8",
        )
        self.declare(declared)

    @rule(declared=st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, specs)))
    def declare(self, declared: Mapping[str, Any]) -> None:
        """Other contracts, with one topic at least: without any, nothing is ever done."""
        stated = declared or {NAMES[0]: {"partitions": 1, "config": {}}}
        lines = "".join(f"    - {_inline_yaml({'topic': name, **spec})}\n" for name, spec in stated.items())
        text = f"name: router\nevent_bus:\n  publish_topics:\n{lines}"
        (self.folder / "contracts" / "contract.yaml").write_text(text, encoding="utf-8")

    @rule(topic=st.sampled_from([*NAMES, *OTHERS]), partitions=st.integers(1, 4), config=configs)
    def somebody_creates(self, topic: str, partitions: int, config: Mapping[str, str]) -> None:
        if topic not in self.broker():
            tampering.create(self.client, topic, partitions, config)

    @precondition(lambda self: self.broker())
    @rule(data=st.data())
    def somebody_deletes(self, data: st.DataObject) -> None:
        tampering.delete(self.client, data.draw(st.sampled_from(sorted(self.broker()))))

    @precondition(lambda self: self.broker())
    @rule(data=st.data(), more=st.integers(1, 2))
    def somebody_adds_partitions(self, data: st.DataObject, more: int) -> None:
        topic = data.draw(st.sampled_from(sorted(self.broker())))
        tampering.grow(self.client, topic, self.broker()[topic].partitions + more)

    @precondition(lambda self: self.broker())
    @rule(data=st.data(), key=st.sampled_from(sorted(VALUES)))
    def somebody_sets_a_config(self, data: st.DataObject, key: str) -> None:
        topic = data.draw(st.sampled_from(sorted(self.broker())))
        tampering.set_config(self.client, topic, key, data.draw(st.sampled_from(VALUES[key])))

    @rule(first=st.booleans())
    def reconcile(self, first: bool) -> None:
        """Plan, approve everything, apply: what is left is what the policy leaves."""
        context = self.context()
        manifest = context.manifest()
        before = self.broker()
        if first:
            apply_safe(context, manifest)
        done = apply(context, manifest, make_plan(context, manifest).plan, ["all"])
        assert done.clean, done
        wanted = {name: topic.spec for name, topic in manifest.topics.items()}
        assert self.broker() == self.wanted(wanted, before)
        left = [row.drift for row in drift(context, manifest).rows]
        assert {row.verdict for row in left if row.kind not in UNDECLARED_KINDS} <= {Verdict.UNFIXABLE}
        assert {row.topic for row in left if row.kind in UNDECLARED_KINDS} == before.keys() - wanted.keys()
        assert make_plan(context, manifest).plan.steps == ()

    def teardown(self) -> None:
        try:
            if self.wishes:
                self.reconcile(True)
        finally:
            for topic in self.broker():
                tampering.delete(self.client, topic)

    def context(self) -> Context:
        environ = {"OMNI_HOME": str(self.folder / "state"), "OMNI_CONTRACTS": str(self.folder / "contracts")}
        return resolve(bootstrap_servers=self.bootstrap_servers, environ=environ, folder=self.folder)

    def broker(self) -> dict[str, Present]:
        """What the broker has, as another client sees it."""
        sizes = {name: size for name, size in tampering.partitions_of(self.client).items() if "__" not in name}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in sizes]
        if not resources:
            return {}
        described = {each.name: future.result(10) for each, future in self.client.describe_configs(resources).items()}
        return {
            name: Present(size, {key: _ordered(described[name][key].value) for key in VALUES})
            for name, size in sizes.items()
        }

    def wanted(self, declared: Mapping[str, TopicSpec], before: Mapping[str, Present]) -> dict[str, Present]:
        """What should be there: declared topics as they are declared where nothing forbids it, all others as before."""
        found = dict(before)
        for name, spec in declared.items():
            if name in before:
                found[name] = Present(
                    self._partitions(spec, before[name]),
                    {key: self._value(key, spec, before[name]) for key in VALUES},
                )
            elif self.wishes["missing"] not in UNTOUCHED:
                found[name] = Present(spec.partitions or 1, {key: _declared(key, spec) for key in VALUES})
        return found

    def _partitions(self, spec: TopicSpec, before: Present) -> int:
        untouched = self.wishes["partitions"] in UNTOUCHED
        return before.partitions if untouched else max(before.partitions, spec.partitions or 1)

    def _value(self, key: str, spec: TopicSpec, before: Present) -> str:
        return before.config[key] if self.wishes.get(key) in UNTOUCHED else _declared(key, spec)


DEFAULTS = {RETENTION: "604800000", LARGEST: "1048588", SEGMENT: "604800000", CLEANUP: "delete"}
"""The embedded broker's."""


def _declared(key: str, spec: TopicSpec) -> str:
    return _ordered(spec.config.get(key, DEFAULTS[key]))


def _ordered(value: str) -> str:
    """Policies in one order: a broker gives them back as they came."""
    return ",".join(sorted(value.split(",")))


def _inline(value: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{key} = "{each}"' for key, each in value.items()) + "}"


def _inline_yaml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_inline_yaml(each)}" for key, each in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


@pytest.mark.timeout(600)
def test_what_is_left_is_what_the_policy_leaves(module_broker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "project"
    run_state_machine_as_test(
        lambda: Reconciling(module_broker.bootstrap_servers, module_broker.client, folder),
        settings=settings(
            max_examples=12,
            stateful_step_count=8,
            deadline=None,
            # Shrinking would take longer than a test may, and what was found would not be told.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
