"""A draft as text says just what was drafted, to the extractor and to any other loader of YAML."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts import ContractTopicExtractor
from omni_assets.contracts.model import Role, TopicSettings
from omni_assets.contracts.values import normalise
from omni_assets.operations.importing.drafts import Draft, DraftTopic
from omni_assets.operations.importing.nodes import node_name
from omni_assets.operations.importing.text import draft_text
from tests.support.foreign_clusters import VALUES, hostile, on_a_broker, well_formed


@st.composite
def settings(draw: st.DrawFn) -> TopicSettings:
    """Settings of one topic, normalised as the extractor does."""
    keys = draw(st.sets(st.sampled_from(sorted(VALUES)), max_size=4))
    return TopicSettings(
        draw(st.none() | st.integers(1, 2**31 - 1)),
        draw(st.none() | st.integers(1, 2**15 - 1)),
        draw(st.none() | st.booleans()),
        {key: normalise(key, draw(st.sampled_from(VALUES[key]))) for key in sorted(keys)},
        draw(st.none() | st.integers(1, 10**12)),
    )


def topics(each: st.SearchStrategy[DraftTopic]) -> st.SearchStrategy[tuple[DraftTopic, ...]]:
    """Some topics, none of them twice."""
    return st.lists(each, unique_by=lambda topic: topic.name, max_size=3).map(tuple)


odd = st.sampled_from(["null", "~", "on", "1e3", "0o7", "2026-01-01", "ルーター", "a" * 300])
remarks = st.lists(hostile, max_size=2).map(tuple)
drafts = st.builds(
    Draft,
    st.one_of(hostile, odd).map(node_name),
    topics(st.builds(DraftTopic, well_formed, hostile, settings(), remarks)),
    topics(st.builds(DraftTopic, well_formed, hostile)),
)


@given(drafts, st.lists(hostile, max_size=2))
def test_the_extractor_reads_a_draft_as_it_was_drafted(draft: Draft, heading: list[str]) -> None:
    contract = ContractTopicExtractor().parsed("x/contract.yaml", draft_text(draft, heading).encode())
    assert contract.node == draft.node
    assert contract.findings == ()
    read = {role: [each for each in contract.declarations if each.role is role] for role in Role}
    for role, topics in ((Role.PUBLISHES, draft.publishes), (Role.SUBSCRIBES, draft.subscribes)):
        assert [(each.topic, each.settings) for each in read[role]] == [(each.name, each.settings) for each in topics]


@given(st.lists(on_a_broker, min_size=1, max_size=4, unique=True))
def test_a_name_is_text_to_every_loader(names: list[str]) -> None:
    draft = Draft("router", tuple(DraftTopic(name, "") for name in names))
    assert yaml.safe_load(draft_text(draft))["event_bus"]["publish_topics"] == names


def test_values_stand_as_people_write_them() -> None:
    config = {"retention.ms": "1209600000", "retention.bytes": "-1", "local.retention.ms": "-2", "segment.bytes": "7"}
    topic = DraftTopic("onex.evt.router.done.v1", "guess: by its name", TopicSettings(3, config=config), ("a remark",))
    assert draft_text(Draft("router", (topic,)), ["Drafted."]) == (
        "# Drafted.\n"
        "name: router\n"
        "\n"
        "event_bus:\n"
        "  publish_topics:\n"
        "    # a remark\n"
        "    - topic: onex.evt.router.done.v1  # guess: by its name\n"
        "      partitions: 3\n"
        "      config:\n"
        "        retention.ms: 14d\n"
        "        retention.bytes: unlimited\n"
        "        local.retention.ms: -2\n"
        "        segment.bytes: 7 bytes\n"
    )
