"""Values of settings: what people write, and what a broker stores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.topic_settings import CONFIG_KEYS
from omni_assets.contracts.values import (
    BYTES,
    MILLISECONDS,
    InvalidValue,
    duration,
    flag,
    normalise,
    positive,
    readable,
    retention,
    same,
    size,
)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("7d", "604800000"),
        ("7 days", "604800000"),
        (" 7D ", "604800000"),
        ("12h", "43200000"),
        ("90min", "5400000"),
        ("1.5d", "129600000"),
        ("1.1d", "95040000"),
        ("0.001s", "1"),
        ("2w", "1209600000"),
        ("1y", "31536000000"),
        ("604800000", "604800000"),
        ("604_800_000", "604800000"),
        (604800000, "604800000"),
        ("0", "0"),
        ("unlimited", "-1"),
        ("Forever", "-1"),
        (-1, "-1"),
        ("9223372036854775807", "9223372036854775807"),
    ],
)
def test_durations(written: object, stored: str) -> None:
    assert duration(written) == stored


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1GiB", "1073741824"),
        ("1 GiB", "1073741824"),
        ("1gb", "1000000000"),
        ("512MB", "512000000"),
        ("0.5 KiB", "512"),
        ("1024 bytes", "1024"),
        ("1048576", "1048576"),
        ("unlimited", "-1"),
    ],
)
def test_sizes(written: object, stored: str) -> None:
    assert size(written) == stored


@pytest.mark.parametrize(
    "written",
    ["", "d", "7 fortnights", "-2", "7d7h", "1e9", "0x10", "010", "0.0001ms", "1,5d", True, [], {}, "9" * 5000, "NaN"],
)
def test_what_no_broker_could_mean_is_refused(written: object) -> None:
    for read in (duration, size, retention):
        with pytest.raises(InvalidValue):
            read(written)


def test_a_refusal_shows_the_value_and_an_example_but_never_a_megabyte() -> None:
    with pytest.raises(InvalidValue, match=r"^`7 fortnights` is not a duration such as 7d, 12h or 604800000$"):
        duration("7 fortnights")
    with pytest.raises(InvalidValue) as refused:
        duration("x" * 1_000_000)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("written", "key", "stored"),
    [
        ("7d", "retention.ms", "604800000"),
        ("604800000", "retention.ms", "604800000"),
        ("unlimited", "retention.ms", "-1"),
        ("1GiB", "retention.bytes", "1073741824"),
        ("0", None, None),
        ("7", None, None),
        (30, None, None),
    ],
)
def test_the_retention_shorthand(written: object, key: str | None, stored: str | None) -> None:
    if key is None:
        with pytest.raises(InvalidValue, match="has no unit"):
            retention(written)
    else:
        assert retention(written) == (key, stored)


@pytest.mark.parametrize(
    ("key", "written", "stored"),
    [
        ("cleanup.policy", ["delete", "compact"], "compact,delete"),
        ("cleanup.policy", "delete, compact", "compact,delete"),
        ("cleanup.policy", "Compact", "compact"),
        ("message.timestamp.type", "createtime", "CreateTime"),
        ("min.cleanable.dirty.ratio", "0.50", "0.5"),
        ("min.cleanable.dirty.ratio", "1.0", "1"),
        ("min.cleanable.dirty.ratio", "00.5", "0.5"),
        ("min.insync.replicas", "2", "2"),
        ("preallocate", "Yes", "true"),
        ("unclean.leader.election.enable", False, "false"),
        ("max.message.bytes", "2MiB", "2097152"),
        ("segment.ms", "1d", "86400000"),
        ("local.retention.ms", -2, "-2"),
        ("compression.type", " zstd ", "zstd"),
        ("redpanda.remote.read", True, "true"),
    ],
)
def test_normalise(key: str, written: object, stored: str) -> None:
    assert normalise(key, written) == stored


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("cleanup.policy", "compactt"),
        ("cleanup.policy", []),
        ("cleanup.policy", {}),
        ("message.timestamp.type", "now"),
        ("min.cleanable.dirty.ratio", "half"),
        ("min.cleanable.dirty.ratio", True),
        ("min.insync.replicas", "0"),
        ("preallocate", "maybe"),
        ("compression.type", ["zstd"]),
        ("retention.ms", None),
        ("retention.ms", ""),
        ("compression.type", " "),
        ("retention.ms", "-2"),
    ],
)
def test_normalise_refuses(key: str, written: object) -> None:
    with pytest.raises(InvalidValue):
        normalise(key, written)


written_values = st.one_of(
    st.text(max_size=30),
    st.booleans(),
    st.integers(-2, 2**64),
    st.floats(),
    st.lists(st.sampled_from(["compact", "delete", " x"]), max_size=3),
    st.builds(
        "{}{}{}".format,
        st.integers(0, 10**6),
        st.sampled_from(["", " ", ".5"]),
        st.sampled_from([*MILLISECONDS, *BYTES]),
    ),
)


@given(st.sampled_from(sorted(CONFIG_KEYS)), written_values)
def test_normalise_is_idempotent(key: str, written: object) -> None:
    try:
        once = normalise(key, written)
    except InvalidValue:
        return
    assert normalise(key, once) == once
    assert same(key, str(once), once)


@given(
    st.sampled_from(["retention.ms", "retention.bytes", "segment.ms", "max.message.bytes"]), st.integers(-1, 2**63 - 1)
)
def test_normalise_undoes_readable(key: str, value: int) -> None:
    assert normalise(key, readable(key, str(value))) == str(value)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("retention.ms", "604800000", "7d"),
        ("retention.ms", "43200000", "12h"),
        ("retention.ms", "5400000", "90min"),
        ("retention.ms", "1500", "1500 ms"),
        ("retention.ms", "0", "0 ms"),
        ("retention.ms", "-1", "unlimited"),
        ("retention.ms", "soon", "soon"),
        ("retention.ms", "9" * 5000, "9" * 5000),
        ("retention.bytes", "1073741824", "1 GiB"),
        ("retention.bytes", "1000", "1000 bytes"),
        ("partitions", "3", "3"),
        ("retention.ms", None, "-"),
    ],
)
def test_readable(key: str, value: str | None, shown: str) -> None:
    assert readable(key, value) == shown


def test_same_compares_meaning_and_falls_back_to_the_text() -> None:
    assert same("retention.ms", "604800000", "604800000")
    assert same("cleanup.policy", "compact,delete", "delete,compact")
    assert same("min.cleanable.dirty.ratio", "0.5", "0.50")
    assert not same("retention.ms", "604800000", "86400000")
    assert not same("cleanup.policy", "compact", "something-new")
    assert same("cleanup.policy", "something-new", "something-new")


@pytest.mark.parametrize(("written", "exact"), [("1", 1), (12, 12), (" 3 ", 3), ("2147483647", 2**31 - 1)])
def test_positive(written: object, exact: int) -> None:
    assert positive(written) == exact


@pytest.mark.parametrize("written", ["0", "-1", "1.0", "010", "0x3", "3 x", "", "²", True, "2147483648", "9" * 5000])
def test_positive_refuses(written: object) -> None:
    with pytest.raises(InvalidValue, match="is not a whole number from 1 to 2147483647"):
        positive(written)


def test_flag() -> None:
    assert [flag(each) for each in (True, "yes", "Off", "false")] == ["true", "true", "false", "false"]
    with pytest.raises(InvalidValue):
        flag("maybe")
