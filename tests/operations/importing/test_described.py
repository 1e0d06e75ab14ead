"""What an AsyncAPI document describes, as contracts: export, import and export again are the same document."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from omni_assets.contracts.asyncapi.parsing import parsed
from omni_assets.contracts.asyncapi.reading import described
from omni_assets.contracts.asyncapi.writing import Notation, asyncapi_document, written
from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.manifest import SpecPolicy
from omni_assets.contracts.model import Manifest, Severity
from omni_assets.operations.importing.described import DescribedDrafts, drafts_of
from omni_assets.operations.importing.text import draft_text
from tests.support.asyncapi import POLICIES, manifests

NOTHING = ContractTopicExtractor().assemble(())


def declared(drafts: DescribedDrafts, policy: SpecPolicy) -> Manifest:
    """The manifest of the drafts, read by the extractor."""
    extractor = ContractTopicExtractor(policy=policy)
    return extractor.assemble(
        extractor.parsed(f"drafts/{number}/contract.yaml", draft_text(draft, ("a heading",)).encode())
        for number, draft in enumerate(drafts.drafts)
    )


@settings(max_examples=100)
@given(
    st.sampled_from(POLICIES).flatmap(lambda policy: st.tuples(st.just(policy), manifests(st.just(policy)))),
    st.sampled_from(Notation),
)
def test_export_import_and_export_give_the_same_document(world, notation):
    policy, manifest = world
    text = written(asyncapi_document(manifest), notation)
    drafts = drafts_of(described(parsed("a", text.encode())), NOTHING)
    again = declared(drafts, policy)
    assert written(asyncapi_document(again), notation) == text
    assert [each for each in again.findings if each.severity is Severity.ERROR] == []
    assert {name: each.spec for name, each in again.topics.items()} == {
        name: each.spec for name, each in manifest.topics.items()
    }
    assert drafts.topics == len(manifest.topics)


def document(**operations):
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "App", "tags": [{"name": "b", "description": " For\n it. "}]},
        "channels": {
            "c": {
                "address": "onex.evt.b.said.v1",
                "bindings": {"kafka": {"partitions": 3}},
                "messages": {"m": {"payload": {"type": "string"}}},
            },
            "odd": {"address": "orders"},
        },
        "operations": {
            name: {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "x-omni": {"node": name}}
            for name, (action, channel) in operations.items()
        },
    }


def test_settings_and_schema_stand_with_one_node_alone():
    found = described(document(b=("send", "c"), a=("receive", "c"), c=("send", "c")))
    drafts = {each.node: each for each in drafts_of(found, NOTHING).drafts}
    assert drafts["b"].purpose == "For it."
    assert drafts["b"].publishes[0].settings.partitions == 3
    assert json.loads(drafts["b"].publishes[0].schema) == {"type": "string"}
    for other in (drafts["a"].subscribes[0], drafts["c"].publishes[0]):
        assert not any((other.settings, other.schema, other.example))


def test_who_sends_it_is_said_to_be_unknown_where_it_is():
    (draft,) = drafts_of(described(document(a=("receive", "c"))), NOTHING).drafts
    assert draft.subscribes[0].settings.partitions == 3
    assert "# the document does not say who sends it" in draft_text(draft)


def test_what_contracts_declare_already_is_left_alone_misnamed_or_not():
    extractor = ContractTopicExtractor()
    present = extractor.assemble(
        [
            extractor.parsed(
                "p/contract.yaml", b"name: p\npublish_topics: [onex.evt.b.said.v1]\nsubscribe_topics: [orders]"
            )
        ]
    )
    found = drafts_of(described(document(b=("send", "c"), a=("receive", "odd"))), present)
    assert (found.drafts, found.topics, found.declared) == ((), 0, 2)


def test_a_name_outside_the_grammar_is_declared_all_the_same():
    drafts = drafts_of(described(document(a=("receive", "odd"))), NOTHING)
    assert [topic.name for each in drafts.drafts for topic in each.subscribes] == ["orders"]
    assert [each.topic for each in declared(drafts, SpecPolicy()).contracts[0].misnamed] == ["orders"]
