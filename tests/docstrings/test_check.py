"""What the check of docstrings finds, and what it leaves alone: each rule on modules that are written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.docstrings.definitions import undescribed_definitions
from tests.docstrings.figures import PLAIN, UNITS, unsaid_figures
from tests.docstrings.formulas import unsourced_formulas
from tests.docstrings.raising import unnamed_errors
from tests.docstrings.source import Finding, Module, parse

Rule = Callable[[Iterable[Module]], Iterator[Finding]]


def said(rule: Rule, source: str, *others: tuple[str, str]) -> list[str]:
    """What a rule finds in the module ``omni_assets/sample.py``, which others may stand beside."""
    modules = [parse("omni_assets/sample.py", dedent(source)), *(parse(path, dedent(text)) for path, text in others)]
    return [f"{found.line} {found.why}" for found in rule(modules)]


ERRORS = """
    class Wrong(ValueError):
        '''It is wrong.'''

    class VeryWrong(Wrong):
        '''It is very wrong.'''

"""

RAISING = {
    "it raises itself": ("def work(): raise Wrong('so')", ["Wrong"]),
    "its class, without a call": ("def work(): raise Wrong", ["Wrong"]),
    "either of two": ("def work(bad): raise Wrong('so') if bad else KeyError('no')", ["KeyError", "Wrong"]),
    "from a private function beside it": ("def work(): _refuse()\ndef _refuse(): raise Wrong('so')", ["Wrong"]),
    "made by a function": ("def work(): raise made()\ndef made() -> Wrong: return Wrong('so')", ["Wrong"]),
    "a private kind of a public one": ("class _Odd(Wrong): ...\ndef work(): raise _Odd('so')", ["Wrong"]),
    "caught, and let go on": (
        "def work():\n    try: raise Wrong('so')\n    except Wrong: raise",
        ["Wrong"],
    ),
    "in the handler of another": (
        "def work():\n    try: pass\n    except KeyError: raise Wrong('so') from None",
        ["Wrong"],
    ),
    "caught where it is raised": ("def work():\n    try: raise VeryWrong('so')\n    except Wrong: pass", []),
    "suppressed": ("def work():\n    with suppress(Wrong): raise VeryWrong('so')", []),
    "within a function that is only made": ("def work():\n    def later(): raise Wrong('so')\n    return later", []),
    "of a private function that nobody calls": ("def _work(): raise Wrong('so')", []),
    "calling each other": (
        "def work(): _one()\ndef _one(): _other()\ndef _other():\n    _one()\n    raise Wrong('so')",
        ["Wrong"],
    ),
    "for a subclass to bring": ("def work(): raise NotImplementedError", []),
}


@pytest.mark.parametrize(("body", "errors"), RAISING.values(), ids=RAISING)
def test_what_leaves_a_function_is_to_be_named(body: str, errors: list[str]) -> None:
    found = said(unnamed_errors, dedent(ERRORS) + body)
    assert [each.split(" ", 1)[1] for each in found] == [f"`work` raises `{e}`, and nothing says so" for e in errors]


@pytest.mark.parametrize(
    ("module", "owner", "function"),
    [
        ("", "", "Raises ``VeryWrong``."),
        ("", "", "Raises ``Wrong``."),
        ("", "What it cannot do is ``VeryWrong``.", ""),
        ("What raises here is ``VeryWrong``.", "", ""),
        ("", "", "As ``Other.work``."),
        ("", "", "Raises as ``Other.go_on`` does."),
    ],
    ids=["the function", "its kind", "the class", "the module", "as another", "as one that is as another"],
)
def test_an_error_is_named_where_it_raises_or_around_that(module: str, owner: str, function: str) -> None:
    source = f'''
        """{module}"""
        class Doer:
            """{owner}"""
            def work(self):
                """{function}"""
                self._refuse()
            def _refuse(self):
                raise VeryWrong("so")
        class Other:
            def work(self):
                """Raises ``ValueError``."""
            def go_on(self):
                """As ``Other.work``."""
    '''
    assert said(unnamed_errors, dedent(source) + dedent(ERRORS)) == []
    silent = dedent(source).replace(module, "").replace(owner, "").replace(function, "") + dedent(ERRORS)
    assert ["`Doer.work` raises `VeryWrong`" in each for each in said(unnamed_errors, silent)] == [True]


def test_a_function_of_another_module_that_makes_an_error_is_found_by_its_import() -> None:
    source = "from omni_assets.errors import refused as no\ndef work(): raise no('so')"
    errors = ("omni_assets/errors.py", "class Wrong(Exception): ...\ndef refused(why) -> Wrong: return Wrong(why)")
    assert said(unnamed_errors, source, errors) == ["2 `work` raises `Wrong`, and nothing says so"]


def test_commands_and_definitions_speak_to_people_and_not_of_classes_of_errors() -> None:
    family = """
        import typer
        from omni_assets.sample import tell
        def add_to(app): app.command(epilog="so")(tell)
    """
    definition = "\n@dg.op(description='It asks.')\ndef ask(): raise KeyError('no')\n"
    command = "def tell() -> int: raise KeyError('no')\n"
    assert len(said(unnamed_errors, command)) == len(said(unsaid_figures, command)) == 1
    assert said(unnamed_errors, command + definition, ("omni_assets/family.py", family)) == []
    assert said(unsaid_figures, command + definition, ("omni_assets/family.py", family)) == []


FIGURES = {
    "a parameter": ("def work(patience: float): ...", ["`work` takes `patience`"]),
    "one that may be none": ("def work(patience: int | None): ...", ["`work` takes `patience`"]),
    "one with a default and a help": ("def work(patience: Annotated[int, Option(help='So.')]): ...", ["`work` takes"]),
    "as many as come": ("def work(*rest: float): ...", ["`work` takes `rest`"]),
    "what it gives": ("def patience() -> float: ...", ["`patience` gives a number"]),
    "of a class": ("class Doer:\n    def __init__(self, patience: int): ...", ["`Doer.__init__` takes `patience`"]),
    "a field": ("class Doer:\n    patience: float = 1.0", ["`Doer` holds `patience`"]),
    "one word for two": (
        "def work(patience: float, rest: float):\n    '''For so many seconds.'''",
        ["`work` takes `rest`"],
    ),
    "the word of the class for its method": (
        "class Doer:\n    '''Takes seconds.'''\n    def work(self, patience: float): ...",
        ["`Doer.work` takes `patience`"],
    ),
    "a unit in the name": ("def work(patience_seconds: float) -> None: ...", []),
    "a plural": ("def work(attempts: int): ...", []),
    "a fraction of something": ("def work(attempts: float): ...", ["`work` takes `attempts`"]),
    "a name in backticks": ("def work(patience: float):\n    '''``patience`` is a share.'''", []),
    "in those of its class": ("class Doer:\n    '''With ``patience``.'''\n    def work(self, patience: int): ...", []),
    "a word for one": ("def work(patience: float):\n    '''For so many SECONDS.'''", []),
    "each number": ("class Sums:\n    '''Each number is in dollars.'''\n    one: float\n    other: float", []),
    "a text under the field": ("class Doer:\n    patience: float\n    '''In seconds.'''", []),
    "a metavar": ("def work(patience: Annotated[float, Option(metavar='SECONDS')]): ...", []),
    "numbers within something": ("def work(waits: Mapping[str, float]): ...", ["`work` takes `waits`"]),
    "one that is annotated further": ("def work(rest: Annotated[float, Gt(0)]): ...", ["`work` takes `rest`"]),
    "no number": ("def work(patience: bool, waits: list[str]) -> Decimal: ...", []),
    "what is called, and has words of its own": ("def work(wait: Callable[[int], float]): ...", []),
    "a private one": ("def _work(patience: float): ...\nclass _Doer:\n    patience: int", []),
    "a special one": ("class Doer:\n    def __len__(self) -> int: ...", []),
}


@pytest.mark.parametrize(("source", "wanted"), FIGURES.values(), ids=FIGURES)
def test_what_a_number_counts_is_to_be_said(source: str, wanted: list[str]) -> None:
    found = [each.split(" ", 1)[1] for each in said(unsaid_figures, source)]
    assert len(found) == len(wanted)
    assert all(each.startswith(begun) for each, begun in zip(found, wanted, strict=True))


@given(st.sampled_from(sorted(UNITS | PLAIN.keys())), st.sampled_from(["", "most_", "longest_"]))
def test_a_name_that_says_it_needs_no_words(word: str, before: str) -> None:
    assert said(unsaid_figures, f"def work({before}{word}: float): ...") == []


FORMULAS = {
    "a logarithm": ("def chance(odds):\n    return math.log1p(odds)", 1),
    "a power": ("def value(rate, years):\n    return (1 + rate) ** years", 1),
    "linear algebra": ("def weights(np, matrix):\n    return np.linalg.solve(matrix, matrix)", 1),
    "a name and a year": ("'''The logistic function (Cox, 1958).'''\nvalue = math.exp(1)", 0),
    "an RFC": ("def value(x):\n    '''As RFC 9110 has it.'''\n    return math.exp(x)", 0),
    "an address": ("A = math.exp(1)\n'''From https://www.itl.nist.gov/div898/handbook/.'''", 0),
    "of our own": ("def value(x):\n    '''A choice of our own.'''\n    return math.log(x)", 0),
    "a log that is none": ("def work(context):\n    context.log.info('so')", 0),
    "numbers, squares, doublings, digits": ("A, B, C, D = 2**63 - 1, x**2, 2 ** tries, 10 ** len(digits)", 0),
    "what is no formula": ("def value(x):\n    return math.isfinite(x)", 0),
}


@pytest.mark.parametrize(("source", "count"), FORMULAS.values(), ids=FORMULAS)
def test_where_a_formula_is_from_is_to_be_said_once_in_its_module(source: str, count: int) -> None:
    assert len(said(unsourced_formulas, source)) == count


def test_a_definition_is_described_to_those_who_see_it() -> None:
    source = """
        @dg.op(description="It asks.")
        def ask(): ...

        @dg.multi_asset(specs=[])
        def all_of_it(): ...

        @dg.job(name="by_words")
        def by_words():
            '''It does.'''

        @dg.job(name="nobody_knows")
        def nobody_knows(): ...

        @contextmanager
        def no_definition(): ...
    """
    assert said(undescribed_definitions, source) == ["13 nothing describes the definition `nobody_knows`"]
