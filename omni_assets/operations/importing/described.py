"""From what an AsyncAPI document describes to drafts of the contracts that would declare it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from omni_assets.contracts.asyncapi.reading import Channel, Described, End, LeftOut
from omni_assets.contracts.asyncapi.vocabulary import ACTIONS
from omni_assets.contracts.faults import short
from omni_assets.contracts.model import Manifest, Role
from omni_assets.contracts.reading import MAX_DESCRIPTION, MAX_NAME
from omni_assets.operations.importing.drafts import Draft, DraftTopic

_NOT_SAID = "the document does not say who sends it"


@dataclass(frozen=True, slots=True)
class DescribedDrafts:
    """The drafts by node, what of the document is in none of them, and how many of its topics are in contracts
    already, or in drafts."""

    drafts: tuple[Draft, ...]
    left_out: tuple[LeftOut, ...]
    topics: int
    declared: int


def drafts_of(found: Described, manifest: Manifest) -> DescribedDrafts:
    """Drafts of contracts for the topics that a document describes and no contract in ``manifest`` names.

    Settings, schema and example stand with the first publisher by name, else with the first subscriber: contracts that
    say them twice may come to disagree. A name outside the grammar is declared all the same, so that ``omni check``
    tells its place.
    """
    named = {*manifest.topics, *(each.topic for contract in manifest.contracts for each in contract.misnamed)}
    fresh = {topic: each for topic, each in found.channels.items() if topic not in named}
    ends: defaultdict[str, set[End]] = defaultdict(set)
    for end in found.ends:
        ends[end.topic].add(end._replace(node=_on_one_line(end.node, MAX_NAME)))
    declared: defaultdict[str, dict[Role, list[DraftTopic]]] = defaultdict(lambda: defaultdict(list))
    outside: defaultdict[str, list[tuple[str, Role]]] = defaultdict(list)
    for topic, channel in sorted(fresh.items()):
        owner = _owner(ends[topic])
        outside[owner.node] += [(topic, role) for role in Role if role in channel.outside]
        for end in sorted(ends[topic]):
            declared[end.node][end.role].append(_topic(channel, end, owned=end == owner))
    purposes = {
        _on_one_line(node, MAX_NAME): _on_one_line(purpose, MAX_DESCRIPTION) for node, purpose in found.purposes.items()
    }
    drafts = tuple(
        Draft(
            node,
            tuple(roles[Role.PUBLISHES]),
            tuple(roles[Role.SUBSCRIBES]),
            tuple(outside[node]),
            purposes.get(node, ""),
        )
        for node, roles in sorted(declared.items())
    )
    return DescribedDrafts(drafts, found.left_out, len(fresh), len(found.channels.keys() & named))


def _owner(ends: Iterable[End]) -> End:
    return min(ends, key=lambda end: (end.role is not Role.PUBLISHES, end.node))


def _on_one_line(text: str, longest: int) -> str:
    """A text as a contract that holds it is read."""
    return short(" ".join(text.split()), longest)


def _topic(channel: Channel, end: End, owned: bool) -> DraftTopic:
    origin = f"`{ACTIONS[end.role]}` in the document"
    if not owned:
        return DraftTopic(channel.topic, origin)
    remarks = () if end.role is Role.PUBLISHES else (_NOT_SAID,)
    return DraftTopic(channel.topic, origin, channel.settings, remarks, channel.schema, channel.example)
