"""The page's tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from omni_assets.drift.kinds import MEANINGS, DriftKind
from omni_assets.drift.plan import Action, BrakeKind
from omni_assets.drift.plan.definition import ACTIONS
from omni_assets.drift.policy import Compare, Fix
from omni_assets.drift.verdict import EXPLANATIONS, VERDICTS, Reason, Verdict

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "drift.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, str]:
    """The rows under the table heading whose first cell is that."""
    _, _, rest = PAGE.partition(f"| {heading} |")
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return dict(re.fullmatch(r"\| (.+?) \| (.+) \|", row).groups() for row in rows)


@pytest.mark.parametrize(
    ("heading", "meanings"),
    [("kind", MEANINGS), ("verdict", VERDICTS), ("reason", EXPLANATIONS), ("action", ACTIONS)],
)
def test_tables_say_what_the_code_says(heading, meanings):
    assert table(heading) == {f"`{name.value}`": meaning for name, meaning in meanings.items()}


def test_everything_has_a_meaning():
    for names, meanings in ((DriftKind, MEANINGS), (Verdict, VERDICTS), (Reason, EXPLANATIONS), (Action, ACTIONS)):
        assert set(meanings) == set(names)


def test_wishes_and_brakes_are_all_there():
    assert set(table("`compare`")) == {f"`{each}`" for each in Compare}
    assert set(table("`fix`")) == {"not stated", *(f"`{each}`" for each in Fix)}
    assert set(table("brake")) == {f"`{each}`" for each in BrakeKind}
