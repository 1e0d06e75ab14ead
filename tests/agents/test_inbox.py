from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from omni_assets.agents.inbox import (
    MOST_METADATA,
    MOST_RECORDS,
    Inbox,
    Progress,
    ProgressUnreadable,
    decode,
    encode,
    fits,
)
from omni_assets.broker.assignment import Committed, Partition, Place

HERE = Partition("onex.cmd.a.b.v1", 0)
LENGTHS = st.integers(1, 2**34)


def place(offset: int, partition: Partition = HERE) -> Place:
    return Place(partition, offset)


def spans_of(watermark: int, lengths: list[tuple[int, int]]) -> tuple[range, ...]:
    spans, at = [], watermark
    for unfinished, ended in lengths:
        spans.append(range(at + unfinished, at + unfinished + ended))
        at = spans[-1].stop
    return tuple(spans)


@given(st.integers(0, 2**40), st.lists(st.tuples(LENGTHS, LENGTHS), max_size=MOST_RECORDS))
def test_what_ended_is_read_back_as_it_was_written(watermark: int, lengths: list[tuple[int, int]]) -> None:
    spans = spans_of(watermark, lengths)
    assert decode(watermark, encode(watermark, spans)) == spans


@given(st.data())
def test_what_fits_is_never_longer_than_a_broker_takes(data: st.DataObject) -> None:
    span = data.draw(st.integers(1, 2**35))
    pairs = data.draw(st.integers(0, 1_000).filter(lambda each: fits(each, span)))
    random = data.draw(st.randoms(use_true_random=True))
    lengths = [(random.randint(1, span), random.randint(1, span)) for _ in range(pairs)]
    assert len(encode(0, spans_of(0, lengths))) <= MOST_METADATA


def test_as_many_records_as_are_held_always_fit() -> None:
    assert fits(MOST_RECORDS, 2**35 - 1)
    assert not fits(1_000, 2**14)


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda raw: "omni1:" + raw.hex()))
def test_what_is_not_ours_is_refused_and_never_guessed(text: str) -> None:
    if not text:
        assert decode(7, text) == ()
        return
    with pytest.raises(ProgressUnreadable):
        decode(7, text)


@given(st.data())
def test_a_text_that_was_cut_or_changed_is_refused(data: st.DataObject) -> None:
    text = encode(3, spans_of(3, data.draw(st.lists(st.tuples(LENGTHS, LENGTHS), min_size=1, max_size=9))))
    cut = data.draw(st.integers(1, len(text) - 1))
    with pytest.raises(ProgressUnreadable):
        decode(3, text[:cut])


def test_the_lowest_unfinished_offset_is_committed_and_what_ended_above_it_beside() -> None:
    progress = Progress(Committed(10))
    for offset in (10, 11, 13):
        assert progress.take(offset)
    later = progress.after([11])
    assert later.offset == 10
    assert decode(10, later.metadata) == (range(11, 13),)  # 12 is a marker of a transaction
    assert progress.after([10, 11, 13]) == Committed(14)


def test_a_successor_takes_only_what_did_not_end() -> None:
    successor = Progress(Committed(10, encode(10, [range(11, 13), range(14, 15)])))
    assert [offset for offset in range(10, 17) if successor.take(offset)] == [10, 13, 15, 16]
    assert successor.after([10, 13, 15, 16]) == Committed(17)


def test_markers_at_the_end_of_a_partition_are_passed() -> None:
    progress = Progress(Committed(4))
    progress.reach(6)
    assert progress.after() == Committed(6)


def test_a_successor_that_reads_nothing_commits_nothing_else() -> None:
    known = Committed(10, encode(10, [range(12, 15)]))
    assert Progress(known).after() == known


def test_the_records_of_a_key_wait_for_each_other_and_those_without_for_nobody() -> None:
    inbox = Inbox()
    inbox.assign(HERE, Committed(0))
    for offset, key in enumerate([b"a", b"a", b"b", None, None]):
        assert inbox.take(place(offset), key)
    assert [inbox.begin() for _ in range(5)] == [place(0), place(2), place(3), place(4), None]
    assert inbox.end(place(0))
    assert inbox.begin() == place(1)
    assert inbox.begin() is None


def test_so_many_records_are_held_and_no_more() -> None:
    inbox = Inbox(most=2)
    inbox.assign(HERE, Committed(0))
    assert not inbox.full(HERE)
    for offset in range(2):
        inbox.take(place(offset), None)
    assert inbox.full(HERE)
    begun = inbox.begin()
    assert begun is not None
    inbox.end(begun)
    assert inbox.full(HERE)
    inbox.settle([begun], inbox.positions([begun]))
    assert not inbox.full(HERE)


def test_what_was_begun_under_an_assignment_that_is_gone_ends_nothing() -> None:
    inbox = Inbox()
    inbox.assign(HERE, Committed(0))
    inbox.take(place(0), b"a")
    begun = inbox.begin()
    assert begun is not None
    inbox.revoke(HERE.topic, HERE.number)
    again = HERE._replace(assignment=1)
    inbox.assign(again, Committed(0))
    assert inbox.take(place(0, again), b"a")
    assert not inbox.end(begun)
    assert inbox.begin() == place(0, again)
    assert inbox.held == 1


class _Log(RuleBasedStateMachine):
    """A partition with gaps, read by workers that are killed and follow each other."""

    @initialize(
        steps=st.lists(st.tuples(st.integers(1, 3), st.sampled_from([None, b"a", b"b", b"c"])), max_size=40),
        most=st.integers(1, 12),
    )
    def begin(self, steps: list[tuple[int, bytes | None]], most: int) -> None:
        self.keys: dict[int, bytes | None] = {}
        at = -1
        for step, key in steps:
            at += step
            self.keys[at] = key
        self.end_of_log = at + 2
        self.most = most
        self.committed = Committed(0)
        self.settled: list[int] = []
        self.assignments = 0
        self.take_over()

    def take_over(self) -> None:
        self.assignments += 1
        self.partition = HERE._replace(assignment=self.assignments)
        self.inbox = Inbox(self.most)
        self.inbox.assign(self.partition, self.committed)
        self.position = self.committed.offset
        self.in_work: list[Place] = []
        self.ended: list[Place] = []

    @rule()
    def read(self) -> None:
        if self.inbox.full(self.partition):
            return
        offset = next((each for each in self.keys if each >= self.position), None)
        if offset is None:
            self.inbox.reach(self.partition, self.end_of_log)
            self.position = self.end_of_log
            return
        taken = self.inbox.take(place(offset, self.partition), self.keys[offset])
        assert taken == (offset not in self.settled)
        self.position = offset + 1

    @rule()
    def start(self) -> None:
        begun = self.inbox.begin()
        if begun is None:
            return
        assert begun.offset not in self.settled
        key = self.keys[begun.offset]
        assert key is None or all(self.keys[each.offset] != key for each in self.in_work)
        self.in_work.append(begun)

    @precondition(lambda self: self.in_work)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        done = self.in_work.pop(data.draw(st.integers(0, len(self.in_work) - 1)))
        assert self.inbox.end(done)
        self.ended.append(done)

    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        batch = self.ended[: data.draw(st.integers(0, len(self.ended)))]
        positions = self.inbox.positions(batch)
        self.inbox.settle(batch, positions)
        self.committed = positions.get(self.partition, self.committed)
        self.settled += [each.offset for each in batch]
        self.ended = self.ended[len(batch) :]
        assert len(self.committed.metadata) <= MOST_METADATA

    @rule()
    def killed(self) -> None:
        self.take_over()

    @invariant()
    def nothing_is_settled_twice(self) -> None:
        assert len(set(self.settled)) == len(self.settled)

    @invariant()
    def keys_are_in_order(self) -> None:
        of_key: dict[bytes, list[int]] = defaultdict(list)
        for offset in self.settled:
            key = self.keys[offset]
            if key is not None:
                of_key[key].append(offset)
        assert all(one < other for offsets in of_key.values() for one, other in pairwise(offsets))

    @invariant()
    def no_more_is_held_than_was_said(self) -> None:
        assert self.inbox.held <= self.most

    def teardown(self) -> None:
        """Whatever happened: the last worker comes to the end, and nothing was skipped."""
        if not hasattr(self, "inbox"):
            return
        for _ in range(3 * len(self.keys) + 3):
            self.read()
            while (begun := self.inbox.begin()) is not None:
                self.in_work.append(begun)
            for each in self.in_work:
                assert self.inbox.end(each)
                self.ended.append(each)
            self.in_work.clear()
            positions = self.inbox.positions(self.ended)
            self.inbox.settle(self.ended, positions)
            self.committed = positions.get(self.partition, self.committed)
            self.settled += [each.offset for each in self.ended]
            self.ended.clear()
        assert sorted(self.settled) == list(self.keys)
        assert self.committed == Committed(self.end_of_log)
        self.keys_are_in_order()


TestLog = _Log.TestCase
TestLog.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
