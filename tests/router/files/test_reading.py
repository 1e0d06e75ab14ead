"""YAML files as models: what is taken, and every flaw with its place. Nothing makes the reading raise anything else."""

from __future__ import annotations

import textwrap
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from omni_assets.contracts.text import visible
from omni_assets.router.catalog import Catalog, Price
from omni_assets.router.files.reading import MAX_DEPTH, MAX_VALUES, Flaw, Flawed, load, loads
from omni_assets.router.values import Location, Name, Strict, Usd

PATTERN = r"^[a-z0-9]+(?:[-._][a-z0-9]+)*$"


class Part(Strict):
    kind: str = "part"
    size: Annotated[int, Field(ge=1, le=9)] = 1
    place: Location = Location.LOCAL


class Thing(Strict):
    name: Name
    usd: Usd | None = None
    ready: bool = False
    parts: tuple[Part, ...] = ()
    by_name: dict[Name, Part] = Field(default_factory=dict)
    price: Price | None = None
    anything: Any = None


def read(text: str) -> Thing:
    return loads("thing.yaml", textwrap.dedent(text).encode(), Thing).value


def flaws(text: str) -> list[str]:
    with pytest.raises(Flawed) as caught:
        read(text)
    return [str(flaw) for flaw in caught.value.flaws]


def test_a_file_is_a_model() -> None:
    thing = read(
        """
        name: a-thing
        usd: 0.15
        ready: true
        parts: [{size: 2}, &small {place: cloud}]
        by_name: {one: *small, two: {<<: *small, size: 3}}
        price: {kind: stated, input: 1, output: 2.5}
        """
    )
    assert thing.usd == Decimal("0.15")
    assert thing.ready
    assert [part.size for part in thing.parts] == [2, 1]
    assert thing.by_name["two"] == Part(size=3, place=Location.CLOUD)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("off", "off"),
        ("true", True),
        ("~", None),
        ("", None),
        ("'~'", "~"),
        ("!!str 1", "1"),
        ("017", 17),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1e3", "1e3"),
        ("1.0e+3", 1000.0),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("=", "="),
        ("9" * 101, "9" * 101),
        ("|-\n  true", "true"),
        ("{yes: 1, 2: [no]}", {"yes": 1, "2": ["no"]}),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = loads("thing.yaml", f"name: a\nanything: {text}\n".encode(), Thing).value.anything
    assert found == value
    assert type(found) is type(value)


def test_all_flaws_are_told_at_once_in_their_order() -> None:
    assert flaws(
        """\
        name: A Thing
        redy: true
        usd: -1
        parts:
          - {size: 0, colour: red}
          - place: moon
        by_name:
          Not A Name: {}
        """
    ) == [
        f"thing.yaml:1:7 `name` does not match the pattern {PATTERN}; write it as the pattern has it",
        "thing.yaml:2:1 `redy` is not a field; write `ready`",
        "thing.yaml:3:6 `usd` is less than 0; raise it",
        "thing.yaml:5:12 `parts[0].size` is less than 1; raise it",
        "thing.yaml:5:15 `parts[0].colour` is not a field; remove it; there are `kind`, `place`, `size`",
        "thing.yaml:6:12 `parts[1].place` is not one of 'local' or 'cloud'; write one of them",
        f"thing.yaml:8:3 `by_name.Not A Name` does not match the pattern {PATTERN}; write it as the pattern has it",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "thing.yaml:1:1 this file holds no mapping; begin it with `name:`"),
        ("- a", "thing.yaml:1:1 this file holds no mapping; begin it with `name:`"),
        ("ready: false", "thing.yaml:1:1 `name` is missing; add it"),
        ("name: a\nname: b", "thing.yaml:2:1 the key `name` stands twice, before in line 1; remove one of the two"),
        ("name: a\nparts: 3", "thing.yaml:2:8 `parts` is not a list; write `[…]`, or `- …` below it"),
        ("name: a\nparts: [3]", "thing.yaml:2:9 `parts[0]` is not a mapping; write `key: value` below it"),
        ("name: a\nby_name: x", "thing.yaml:2:10 `by_name` is not a mapping; write `key: value` below it"),
        ("name: a\nready: maybe", "thing.yaml:2:8 `ready` is neither true nor false; write one of the two"),
        ("name: a\nusd: cheap", "thing.yaml:2:6 `usd` is not a number; write one, such as `0.25`"),
        ("name: a\nusd: 1.0000000001", "thing.yaml:2:6 `usd` has more than 9 decimal places; round it"),
        ("name: 7", "thing.yaml:1:7 `name` is not a text; write one, in quotes where it looks like a number"),
        ("name: a\nparts: [{size: 1.5}]", "thing.yaml:2:16 `parts[0].size` is not a whole number; round it"),
        ("name: a\nprice: {input: 1}", "thing.yaml:2:8 `price` does not say its 'kind'; add it"),
        (
            "name: a\nprice: {kind: free}",
            "thing.yaml:2:8 `price` has a 'kind' that is not one of 'reference', 'stated', 'own-hardware'; write one",
        ),
        (
            "name: a\nprice: {kind: stated, input: 1, output: 1, inptu: 2}",
            "thing.yaml:2:44 `price.inptu` is not a field; write `input`",
        ),
        ("name: a\nprice: {kind: stated, input: 1}", "thing.yaml:2:8 `price.output` is missing; add it"),
        ("name: a\n? [b]\n: c", "thing.yaml:2:3 a list or a mapping stands as a key; write a text"),
        ("name: !secret a", "thing.yaml:1:7 the tag `!secret` is not taken here; remove it"),
        (
            "name: !!python/object/apply:os.system [ls]",
            "thing.yaml:1:7 the tag `tag:yaml.org,2002:python/object/apply:os.system` is not taken here; remove it",
        ),
        ("name: [", "thing.yaml:2:1 this file is not valid YAML: "),
        ("name: a\nb: *c", "thing.yaml:2:4 this file is not valid YAML: found undefined alias; nothing of it is read"),
        (
            "name: a\n--- \nname: b",
            "thing.yaml:2:1 this file is not valid YAML: expected a single document in the stream",
        ),
        ("<<: 3\nname: a", "thing.yaml:1:5 the merge key `<<` takes a mapping or a list of mappings"),
        ("name: a\n\u202efield: 1", "thing.yaml:2:1 `\\u202efield` is not a field"),
        ("name: a\nanything: &a [*a]", f"thing.yaml:2:11 values nest deeper than {MAX_DEPTH} levels; flatten them"),
        (
            f"name: a\nanything: {'[' * 60}{']' * 60}",
            f"thing.yaml:2:61 values nest deeper than {MAX_DEPTH} levels; flatten them",
        ),
    ],
)
def test_a_flaw_has_its_place_and_a_way_out(text: str, told: str) -> None:
    assert flaws(text)[0].startswith(told)


def test_an_alias_counts_as_all_that_it_stands_for() -> None:
    lines = ["name: a", "anything:", "  - &l0 [x, x, x, x, x, x, x, x]"]
    lines += [f"  - &l{n} [{', '.join([f'*l{n - 1}'] * 8)}]" for n in range(1, 12)]
    assert f"this file holds more than {MAX_VALUES:,} values" in flaws("\n".join(lines))[0]


def test_a_path_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Flawed) as caught:
        load(str(tmp_path / "none.yaml"), Thing)
    assert str(caught.value.flaws[0]).startswith(f"{tmp_path}/none.yaml:1:1 this file cannot be read: no such file")
    with pytest.raises(Flawed, match="it is a folder"):
        load(str(tmp_path), Thing)


def test_places_lead_into_the_file() -> None:
    text = "name: a\nparts:\n  - size: 2\nanything: |\n  one\n  two\n"
    tree = loads("t.yaml", text.encode(), Thing).tree
    assert tree.place("parts", 0, "size") == ("t.yaml", 3, 11)
    assert tree.place("parts", 7, "size") == ("t.yaml", 3, 3)
    assert tree.place_in_text(5, "anything") == ("t.yaml", 6, 1)
    assert tree.place_in_text(5, "name") == ("t.yaml", 1, 7)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
FIELDS = st.sampled_from([*Thing.model_fields, *Part.model_fields, *Catalog.model_fields, "input", "output", "kind"])


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_flawed(content: bytes) -> None:
    flawed_or_read(content)


@given(st.dictionaries(FIELDS | st.text(), VALUES | st.dictionaries(FIELDS, VALUES)))
def test_any_tree_is_read_or_flawed(tree: dict[str, object]) -> None:
    import yaml

    flawed_or_read(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"))


def flawed_or_read(content: bytes) -> None:
    for model in (Thing, Catalog):
        flaws: tuple[Flaw, ...] | None = None
        try:
            loads("f.yaml", content, model)
        except Flawed as error:
            flaws = error.flaws
        assert flaws != ()
        for flaw in flaws or ():
            assert flaw.location.line >= 1
            assert flaw.message
            assert flaw.fix
            assert visible(str(flaw)) == str(flaw)
