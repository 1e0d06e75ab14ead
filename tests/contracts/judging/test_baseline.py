"""The baseline as a file: what findings are known by, how it reads, and what is refused."""

from __future__ import annotations

import json
import posixpath

import pytest

from omni_assets.contracts import Location
from omni_assets.contracts.findings import finding
from omni_assets.contracts.judging.baseline import DamagedBaseline, baseline_text, fingerprint, read_baseline
from omni_assets.contracts.rules import CONFLICTING_SETTINGS, DUPLICATE_KEY, DUPLICATE_NODE, MALFORMED_NAME

CONFLICT = finding(
    CONFLICTING_SETTINGS,
    "`t` has partitions 3 here and 6 in contracts/b/contract.yaml:4:7; it is not touched until they agree.",
    Location("contracts/a/contract.yaml", 3, 7),
    topic="t",
    related=((Location("contracts/b/contract.yaml", 4, 7), "partitions 6"),),
)
KEY = finding(
    DUPLICATE_KEY,
    "the key `x` stands twice in this mapping, first in line 3.",
    Location("contracts/a/contract.yaml", 5, 1),
)


def test_a_baseline_can_be_reviewed() -> None:
    document = json.loads(baseline_text([KEY, CONFLICT, CONFLICT], str))
    assert document["version"] == 1
    first, second = document["findings"]
    assert first == {
        "code": "OM005",
        "path": "contracts/a/contract.yaml",
        "topic": None,
        "message": "the key `x` stands twice in this mapping, first in line.",
        "fingerprint": fingerprint(KEY, str),
        "count": 1,
    }
    assert (second["code"], second["topic"], second["count"]) == ("OM106", "t", 2)
    assert "in contracts/b/contract.yaml; it is not touched" in second["message"]


def test_the_order_of_findings_makes_no_difference() -> None:
    assert baseline_text([KEY, CONFLICT], str) == baseline_text([CONFLICT, KEY], str)


def test_lines_make_no_difference_to_a_fingerprint_and_words_do() -> None:
    moved = finding(
        CONFLICTING_SETTINGS,
        CONFLICT.message.replace(":4:7", ":44:9"),
        Location("contracts/a/contract.yaml", 33, 9),
        topic="t",
        related=((Location("contracts/b/contract.yaml", 44, 9), "partitions 6"),),
    )
    assert fingerprint(moved, str) == fingerprint(CONFLICT, str)
    other = finding(CONFLICTING_SETTINGS, CONFLICT.message.replace("6", "9"), CONFLICT.location, topic="t")
    assert fingerprint(other, str) != fingerprint(CONFLICT, str)


def test_the_folder_in_which_omni_runs_makes_no_difference() -> None:
    def node(here: str, there: str):
        return finding(
            DUPLICATE_NODE,
            f"the node `a` is declared in {there} as well.",
            Location(here),
            related=((Location(there), "the first contract of that name"),),
        )

    from_root = node("contracts/a/contract.yaml", "contracts/b/contract.yaml")
    from_inside = node("contract.yaml", "../b/contract.yaml")

    def relative(path: str) -> str:
        return posixpath.normpath(posixpath.join("contracts/a", path))

    assert fingerprint(from_inside, relative) == fingerprint(from_root, str)
    assert baseline_text([from_inside], relative) == baseline_text([from_root], str)


def test_a_path_or_a_name_that_is_no_text_does_no_harm() -> None:
    odd = finding(MALFORMED_NAME, "bad\udcff\x1b.", Location("bad\udcff.yaml"), topic="\ud800")
    text = baseline_text([odd], str)
    assert text.isascii()
    assert read_baseline(text).split([odd], str) == ([odd], [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "invalid JSON"),
        ("<<<<<<< ours\n", "invalid JSON"),
        ("[]", "input should be"),
        ('{"version": 2, "findings": []}', "`version`"),
        ('{"version": 1}', "`findings`: field required"),
        ('{"version": 1, "findings": [{"code": "OM101"}]}', r"`findings\[0\].path`"),
        (baseline_text([KEY], str).replace('"count": 1', '"count": 0'), r"`findings\[0\].count`"),
        (b"\xff\xfe", "invalid"),
    ],
)
def test_a_damaged_baseline_is_refused_with_the_reason(text: str | bytes, why: str) -> None:
    with pytest.raises(DamagedBaseline, match=why):
        read_baseline(text)
