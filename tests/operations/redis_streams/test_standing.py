"""A group begins at the first record of each partition that it is not known to have done."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.broker.intake import Arrival
from omni_assets.operations.redis_streams.entries import EntryId, Group
from omni_assets.operations.redis_streams.standing import Standing, Work, standings

PARTITIONS = 3


@st.composite
def logs(draw):
    """Records of three partitions, in the order of their entries in each; some came from elsewhere."""
    placed = draw(st.lists(st.tuples(st.integers(0, PARTITIONS - 1), st.booleans()), max_size=30))
    offsets = [draw(st.integers(0, 3)) for _ in range(PARTITIONS)]
    starts = list(offsets)
    found = []
    for number, (partition, from_elsewhere) in enumerate(placed, 1):
        found.append(Arrival(partition, offsets[partition], None if from_elsewhere else f"{number}-0", ""))
        offsets[partition] += draw(st.integers(1, 3))  # transaction markers take offsets too
    spans = {each: range(starts[each], offsets[each]) for each in range(PARTITIONS)}
    return sorted(found, key=lambda each: each.partition), spans


@given(logs(), st.integers(0, 31), st.sets(st.integers(1, 31)), st.integers(1, 40))
def test_nothing_that_is_open_is_left_out_and_nothing_more_is_read_than_has_to_be(log, delivered, handed, most):
    arrivals, spans = log
    pending = sorted(EntryId(each, 0) for each in handed if each <= delivered)
    group = Group("readers", EntryId(delivered, 0), len(pending), 1)
    work = Work.of(group, pending[:most], most)
    stand = standings(arrivals, spans, [work])["readers"]

    def is_open(arrival):
        entry = None if arrival.id is None else EntryId.read(arrival.id)
        return entry is None or entry > group.delivered or entry in pending

    again = 0
    for partition, span in spans.items():
        behind = [
            each for each in arrivals if each.partition == partition and each.offset >= stand.positions[partition]
        ]
        before = [each for each in arrivals if each.partition == partition and each not in behind]
        assert not any(map(is_open, before))
        assert behind or stand.positions[partition] == span.stop
        if behind and len(pending) < most:
            assert is_open(behind[0])
        again += sum(not is_open(each) for each in behind)
    if len(pending) < most:
        assert stand.again == again
        assert stand.open == sum(map(is_open, arrivals))


def test_groups_stand_apart():
    arrivals = [Arrival(0, offset, f"{offset + 1}-0", "") for offset in range(4)]
    done = Work("done", EntryId(4, 0), frozenset())
    half = Work("half", EntryId(4, 0), frozenset({EntryId(3, 0)}))
    new = Work("new", EntryId(0, 0), frozenset())
    assert standings(arrivals, {0: range(5), 1: range(2, 2)}, [done, half, new]) == {
        "done": Standing({0: 5, 1: 2}),
        "half": Standing({0: 2, 1: 2}, open=1, again=1),
        "new": Standing({0: 0, 1: 2}, open=4),
    }


def test_where_more_is_pending_than_is_listed_all_behind_it_is_open():
    work = Work.of(Group("g", EntryId(9, 0), 5, 1), (EntryId(2, 0), EntryId(4, 0)), 2)
    assert [each for each in range(1, 10) if work.is_done(EntryId(each, 0))] == [1, 3]
