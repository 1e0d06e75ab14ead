"""Strings of Python modules: what can be known is put together, what cannot stays a placeholder."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.source.literals import Literal
from omni_assets.contracts.source.python import Import, PythonModule, Unparsed, Value


def nothing(_imported: Import) -> Value | None:
    return None


def looks(text: str) -> bool:
    return text.startswith("onex.") and not {" ", ","} & set(text)


def found(code: str) -> list[str]:
    return [literal.text for literal in PythonModule(textwrap.dedent(code), nothing).literals(looks)]


@pytest.mark.parametrize(
    "code",
    [
        "x = 'onex.a'",
        "x = 'on' 'ex' '.a'",
        "x = f'onex.a'",
        "P = 'onex'\nx = P + '.' + 'a'",
        "P = 'onex'\nx = f'{P}.a'",
        "P = 'onex'\nx = f'{P!s}.a'",
        "P = 'onex'\nx = '%s.%s' % (P, 'a')",
        "P = 'onex'\nx = '%s.a' % P",
        "P = 'onex'\nx = '%(p)s.a' % {'p': P}",
        "P = 'onex'\nx = '{}.{}'.format(P, 'a')",
        "P = 'onex'\nx = '{1}.{0}'.format('a', P)",
        "P = 'onex'\nx = '{p}.a'.format(p=P)",
        "P = 'onex'\nx = '.'.join([P, 'a'])",
        "P = 'onex'\nx = '.'.join((P, 'a'))",
        "P: str = 'onex'\nx = P + '.a'",
        "P = Q = 'onex'\nx = Q + '.a'",
        "R = 'one'\nP = R + 'x'\nx = P + '.a'",
        "P = 'onex'\ndef f():\n    return P + '.a'",
        "P = 'onex'\nx = lambda: P + '.a'",
        "def f():\n    p = 'onex'\n    return f'{p}.a'",
        "def f():\n    p = 'onex'\n    def g():\n        return f'{p}.a'",
        "class N:\n    P = 'onex'\n    X = P + '.a'",
        "class N:\n    P = 'onex'\nx = N.P + '.a'",
        "from enum import StrEnum\nclass N(StrEnum):\n    P = 'onex'\nx = f'{N.P}.a'",
        "from enum import Enum\nclass N(str, Enum):\n    P = 'onex'\nx = f'{N.P.value}.a'",
        "def f(p, *, q='onex' + '.a'): ...",
        "f('onex.a')",
        "f(topic=['onex.a'])",
        "match f():\n    case 'onex.a': ...",
        "'see ' + 'onex.a'",
        "x = str('onex') + '.a'",
        "P = 'onex'\nx = str(P) + '.a'",
    ],
)
def test_what_is_known_is_put_together(code: str) -> None:
    assert found(code) == ["onex.a"]


@pytest.mark.parametrize("version", ["f'onex.v{V}'", "'onex.v%d' % V", "'onex.v{}'.format(V)", "'onex.v' + str(V)"])
def test_numbers_become_text(version: str) -> None:
    assert found(f"V = 2\nx = {version}") == ["onex.v2"]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("def f(kind): return f'onex.{kind}.a'", "onex.{kind}.a"),
        ("def f(self): return f'onex.{self.kind}.a'", "onex.{kind}.a"),
        ("x = f'onex.{g()}.a'", "onex.{?}.a"),
        ("x = f'onex.{k!r}.a'", "onex.{k}.a"),
        ("K = 'evt'\nx = f'onex.{K:>9}.a'", "onex.{K}.a"),
        ("x = 'onex.' + kind", "onex.{kind}"),
        ("x = 'onex.%s.a' % kind", "onex.{kind}.a"),
        ("x = 'onex.%s.%s' % kind", "onex.{kind}.{?}"),
        ("x = 'onex.{}.{}'.format(*kinds)", "onex.{?}.{?}"),
        ("x = 'onex.{k.name}'.format(k=k)", "onex.{?}"),
        ("x = '.'.join(['onex', *rest])", "onex.{?}"),
        ("K = 'a'\nK = 'b'\nx = 'onex.' + K", "onex.{K}"),
        ("K = 'a'\nK += 'b'\nx = 'onex.' + K", "onex.{K}"),
        ("K = 'a'\ndel K\nx = 'onex.' + K", "onex.{K}"),
        ("if y:\n    K = 'a'\nelse:\n    K = 'b'\nx = 'onex.' + K", "onex.{K}"),
        ("for K in ('a', 'b'):\n    x = 'onex.' + K", "onex.{K}"),
        ("K = 'a'\ndef f(K):\n    return 'onex.' + K", "onex.{K}"),
        ("K = 'a'\ndef f(K):\n    def g():\n        x = K\n        return 'onex.' + x", "onex.{x}"),
        ("K = 'a'\ndef f():\n    global K\n    K = 'b'\nx = 'onex.' + K", "onex.{K}"),
        (
            "def f():\n    k = 'a'\n    def g():\n        nonlocal k\n        k = 'b'\n    return 'onex.' + k",
            "onex.{k}",
        ),
        ("class N:\n    K = 'a'\nN.K = 'b'\nx = 'onex.' + N.K", "onex.{K}"),
        ("class N:\n    K = 'a'\n    def f(self): return 'onex.' + K", "onex.{K}"),
        ("class N:\n    K = 'a'\n    def f(self): return 'onex.' + self.K", "onex.{K}"),
        ("from enum import Enum\nclass N(str, Enum):\n    K = 'a'\nx = f'onex.{N.K}'", "onex.{K}"),
        ("K = K2\nK2 = K\nx = 'onex.' + K", "onex.{K}"),
        ("try:\n    from m import K\nexcept ImportError:\n    K = 'a'\nx = 'onex.' + K", "onex.{K}"),
        ("K = 'a'\nwith f() as K:\n    x = 'onex.' + K", "onex.{K}"),
        ("K = 'a'\nx = [K for K in y]\nz = 'onex.' + K", "onex.{K}"),
        ("K = 'a'\nif (K := f()):\n    z = 'onex.' + K", "onex.{K}"),
    ],
)
def test_what_is_not_known_stays_a_placeholder(code: str, text: str) -> None:
    assert found(code) == [text]


@pytest.mark.parametrize(
    "code",
    [
        '"""onex.a"""',
        'def f():\n    """onex.a"""',
        "class N:\n    'onex.a'",
        "x = 'it goes to onex.a'",
        "x = b'onex.a'",
        "# onex.a",
        "x = queue.join()",
        "x = 1 + 2",
        "x = 5 % 3",
    ],
)
def test_docstrings_and_prose_are_no_literals(code: str) -> None:
    assert found(code) == []


def test_what_stands_in_an_unknown_part_is_read_too() -> None:
    assert found("x = f'onex.{f(\"onex.b\")}.c'") == ["onex.{?}.c", "onex.b"]
    assert found("x = ','.join(['onex.a', 'onex.b'])") == ["onex.a", "onex.b"]


def test_places_are_those_that_editors_show() -> None:
    code = "\u00fc = 'x'; y = f('onex.a')\r\nP = (\r\n    'onex'\r\n    '.b')\n"
    assert PythonModule(code, nothing).literals(looks) == [Literal("onex.a", 1, 16), Literal("onex.b", 3, 5, True)]


def test_imports_are_asked_for() -> None:
    asked: list[Import] = []

    def resolve(imported: Import) -> Value | None:
        asked.append(imported)
        return {"P": "onex", "N.P": "onex"}.get(imported.name)

    code = (
        "from acme.names import P, N\nfrom . import names\nimport acme.names\nimport acme.names as n\n"
        "a = P + '.a'\nb = N.P + '.b'\nc = names.P + '.c'\nd = acme.names.P + '.d'\ne = n.P + '.e'\n"
    )
    texts = [literal.text for literal in PythonModule(code, resolve).literals(looks)]
    assert texts == ["onex.a", "onex.b", "onex.c", "onex.d", "onex.e"]
    assert Import("names", 1, "P") in asked
    assert Import("acme.names", 0, "P") in asked


def test_constants_that_others_may_take() -> None:
    code = "ROOT = 'onex'\nroot = 'onex'\nclass N:\n    kind = 'evt'\n"
    assert list(PythonModule(code, nothing).constants()) == [("ROOT", "onex"), ("N", "evt")]
    module = PythonModule(code, nothing)
    assert (module.constant("root"), module.constant("N.kind"), module.constant("gone")) == ("onex", "evt", None)


@pytest.mark.parametrize("code", ["print 'onex.a'", "x = (", "\0", "x = " + "(" * 5_000 + ")" * 5_000])
def test_what_is_no_python_says_so(code: str) -> None:
    with pytest.raises(Unparsed):
        PythonModule(code, nothing)


def test_a_long_sum_is_read_in_bounds() -> None:
    assert found("x = [" + " + ".join(["'onex.a'"] * 300) + ", 'onex.b']")[-1] == "onex.b"
    doubled = "A0 = 'onex.'\n" + "".join(f"A{n + 1} = A{n} + A{n}\n" for n in range(60)) + "x = A60 + 'a'"
    assert all(len(text) < 10_000 for text in found(doubled))


parts = st.lists(st.sampled_from(["onex", ".", "a", "evt", "{", "}", "%", "v1"]), min_size=1, max_size=6)


@given(parts)
def test_every_way_of_writing_gives_what_python_gives(words: list[str]) -> None:
    constants = "".join(f"C{n} = {word!r}\n" for n, word in enumerate(words))
    names = [f"C{n}" for n in range(len(words))]
    text = "".join(words)
    for expression in (
        " + ".join(names),
        'f"' + "".join(f"{{{name}}}" for name in names) + '"',
        f"''.join([{', '.join(names)}])",
        f"'{'%s' * len(names)}' % ({', '.join(names)},)",
        f"'{'{}' * len(names)}'.format({', '.join(names)})",
    ):
        code = f"{constants}x = {expression}\n"
        scope: dict[str, str] = {}
        exec(code, scope)  # noqa: S102 - Python itself says what is right
        assert scope["x"] == text
        read = PythonModule(code, nothing).literals(lambda each: each == text)
        assert text in [literal.text for literal in read]
