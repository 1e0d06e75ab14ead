"""Code that is read: whether it parses, and whether what it names is there. None of it is ever run."""

from __future__ import annotations

import ast
import keyword
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.task import Source, Task
from omni_assets.router.values import OutputFormat

CODE = OutputFormat.CODE
NAMES = st.from_regex(r"[a-z][a-z0-9]{2,6}", fullmatch=True).filter(lambda name: not keyword.iskeyword(name))


def told(held: Any, gate: str, code: str, parameters: dict[str, Any] | None = None, **task: Any) -> Check:
    return held(gate, code, parameters, task=Task(id="t", **task), output_format=CODE)


@pytest.mark.parametrize(
    "code", ["x = 1", "def f():\n    ...", "match x:\n    case _: pass", "```python\nx = 1\n```", "'\\d'"]
)
def test_python_parses(code: str, held: Any) -> None:
    assert told(held, "parses", code).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def f(", "line 1: '(' was never closed"),
        ("x = 1\nreturn x", "line 2: 'return' outside function"),
        ("def f(a, a): pass", "line 1: duplicate argument 'a' in function definition"),
        ("x = '\x00'", "null bytes"),
        ("-" * 100_000 + "1", "it is nested too deeply"),
        ("(" * 150_000, "too many nested parentheses"),
        ("Here is the code you asked for.", "line 1: invalid syntax"),
    ],
)
def test_what_is_no_python_fails_with_its_place(code: str, why: str, held: Any) -> None:
    check = told(held, "parses", code)
    assert check.verdict is Verdict.FAILED
    assert why in check.evidence


@pytest.mark.parametrize("code", ["", "# only a remark", "```python\n```"])
def test_no_statement_is_no_code(code: str, held: Any) -> None:
    assert told(held, "parses", code).evidence == "the output holds no statement"


@pytest.mark.parametrize(
    ("language", "good", "bad", "place"),
    [
        ("javascript", "const f = (x) => x + 1;", "const f = (x => x + ;", "line 1"),
        ("js", "let a = [1];", "let a = [1;", "line 1"),
        ("typescript", "let a: number = 1;", "let a: = 1;", "line 1"),
        ("rust", "fn main() { let x = 1; }", "fn main() {\n let x = ; }", "line 2"),
        ("go", "package a\nfunc f() int { return 1 }", "package a\nfunc f( int { return 1 }", "line 2"),
        ("java", "class A { int f() { return 1; } }", "class A { int f() { return 1 } }", "line 1"),
        ("bash", "for f in *; do echo $f; done", "for f in *; do echo $f; dne", "line 1"),
        ("sql", "SELECT a FROM b WHERE c = 1;", "SELECT a FROM (b", "line 1"),
        ("c", "int f(void) { return 1; }", "int f(void) { return 1;", "line 1"),
    ],
)
def test_other_languages_are_read_by_their_grammars(language: str, good: str, bad: str, place: str, held: Any) -> None:
    assert told(held, "parses", good, language=language).verdict is Verdict.PASSED
    check = told(held, "parses", bad, language=language)
    assert check.verdict is Verdict.FAILED
    assert check.evidence.startswith(place)
    assert told(held, "parses", good, {"language": language}).verdict is Verdict.PASSED


def test_a_language_without_a_grammar_is_unknown(held: Any) -> None:
    assert told(held, "parses", "x", language="klingon").verdict is Verdict.UNKNOWN
    for gate in ("no-undefined-names", "identifiers-exist"):
        assert told(held, gate, "x", language="rust").verdict is Verdict.UNKNOWN
    assert told(held, "parses", "x = 1\n" * 100_000).verdict is Verdict.UNKNOWN


def test_nothing_of_an_output_is_run_or_imported(held: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trap_module.py").write_text("raise SystemExit('it was imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    code = "import trap_module\nimport trap_module.inner\nfrom trap_module import x\n\nprint(x)\nraise SystemExit(1)\n"
    for gate in ("parses", "no-undefined-names", "identifiers-exist"):
        assert told(held, gate, code).verdict is Verdict.PASSED
    assert "trap_module" not in sys.modules


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def f():\n    return math.pi", "not defined: `math` (line 2)"),
        ("def f():\n    print(x)\n    x = 1", "`x` (line 2)"),
        ("__all__ = ['gone']", "`gone`"),
        ("print(one, two)", "`one` (line 1), `two` (line 1)"),
    ],
)
def test_undefined_names_are_named(code: str, why: str, held: Any) -> None:
    check = told(held, "no-undefined-names", code)
    assert check.verdict is Verdict.FAILED
    assert why in check.evidence


def test_what_the_task_gives_is_defined(held: Any) -> None:
    assert told(held, "no-undefined-names", "print(store)", symbols=("store",)).verdict is Verdict.PASSED
    assert told(held, "no-undefined-names", "from os import *\nprint(sep)").verdict is Verdict.UNKNOWN


STORE = Source(
    id="shop/store.py",
    text="class Store:\n    def find(self, key): ...\n    def put(self, key, item): ...\n\nlimit = 3\n",
)


@pytest.mark.parametrize(
    "code",
    [
        "from shop.store import Store, limit\n\ndef f(s: Store):\n    return Store.find(s, limit)",
        "import shop.store\n\nshop.store.Store().put(1, 2)",
        "import os.path\nimport json as j\n\nprint(os.path.join('a'), j.loads('1'), os.anything)",
        "class A:\n  def __init__(self):\n    self.x = 1\n  def f(self):\n    return self.x + self.g()\n  g = 1",
        "import enum\n\nclass A(enum.Enum):\n    X = 1\n\n    def f(self):\n        return self.value",
        "def f(rows, *rest, **more):\n    return [row.anything for row in rows if row] + [more.keys(), rest]",
        "try:\n    pass\nexcept ValueError as error:\n    print(error.args)",
        "match 1:\n  case {'a': b, **c}:\n    print(b, c)\n  case [d, *e]:\n    print(d, e)",
        "print(' '.join([]), [].append(1), {}.items(), f'{1}'.upper(), (1).real)",
        "from . import store\nfrom .store import Store",
        "with open('a') as file:\n    print(file.read())\nprint((lambda x: x)(1), __name__)",
        "store = object()\nstore.anything",
    ],
)
def test_what_is_there_is_there(code: str, held: Any) -> None:
    check = told(held, "identifiers-exist", code, sources=(STORE,))
    assert check.verdict is Verdict.PASSED, check.evidence


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("import no_such_module", "`no_such_module` (line 1)"),
        ("import shop.gone", "`shop.gone` (line 1)"),
        ("from shop.store import Gone", "`shop.store.Gone` (line 1)"),
        ("from .store import Gone", "`store.Gone` (line 1)"),
        ("from shop.store import Store\nStore.fetch(1)", "`Store.fetch` (line 2)"),
        ("import shop.store\nshop.store.Gone()", "`shop.store.Gone` (line 2)"),
        ("frobnicate(1)", "`frobnicate` (line 1)"),
        ("' '.joined([])", "`str.joined` (line 1)"),
        ("[].add(1)", "`list.add` (line 1)"),
        ("class A:\n    def f(self):\n        return self.gone()", "`self.gone` (line 3)"),
    ],
)
def test_what_is_made_up_is_named_with_its_line(code: str, missing: str, held: Any) -> None:
    check = told(held, "identifiers-exist", code, sources=(STORE,))
    assert (check.verdict, check.evidence) == (Verdict.FAILED, f"not there: {missing}")


def test_modules_that_only_the_task_has_can_be_named(held: Any) -> None:
    code = "import acme_only\nfrom acme_only.x import y\n\nprint(acme_only.z, y)"
    assert told(held, "identifiers-exist", code).verdict is Verdict.FAILED
    assert told(held, "identifiers-exist", code, {"modules": ["acme_only"]}).verdict is Verdict.PASSED
    assert told(held, "identifiers-exist", "print(helper)", symbols=("pkg.helper",)).verdict is Verdict.PASSED


@given(name=NAMES)
def test_a_name_is_missing_until_something_supplies_it(name: str, held: Any) -> None:
    name = f"zz_{name}"
    used = f"print({name})"
    assert told(held, "identifiers-exist", used).verdict is Verdict.FAILED
    assert told(held, "identifiers-exist", f"{name} = 1\n{used}").verdict is Verdict.PASSED
    for supply in ({"symbols": (name,)}, {"inputs": {"code": f"def {name}(): ..."}}, {"signature": f"def {name}()"}):
        assert told(held, "identifiers-exist", used, **supply).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`Store.find` is called with `limit`, see `shop/store.py`.", None),
        ("`print()` and `None` and `os.path` are Python's; `git push` is no identifier.", None),
        ("It calls `Store.fetch()` there.", "not there: `Store.fetch()`"),
        ("`frobnicate` raises.", "not there: `frobnicate`"),
    ],
)
def test_in_prose_what_stands_between_backticks_is_looked_up(text: str, missing: str | None, held: Any) -> None:
    check = held("identifiers-exist", text, task=Task(id="t", sources=(STORE,)))
    assert (check.verdict, check.evidence) == ((Verdict.FAILED, missing) if missing else (Verdict.PASSED, ""))


SIGNATURE = "async def fetch(url: str, /, times=3, *rest, wait: float = 0.1, **more) -> bytes"


@pytest.mark.parametrize(
    ("signature", "code", "why"),
    [
        ("def f(a)", "def f(a):\n    return a", None),
        ("def f(a):\n    ...", "def f(a: int) -> int:\n    return a", None),
        (SIGNATURE, f"{SIGNATURE}:\n    return b''", None),
        ("    def f(a): ...", "if True:\n    def f(a): ...", None),
        (
            "class A:\n    def f(self, x): ...\n    def g(self): 1",
            "class A:\n    def f(self, x): ...\n    def g(self): 1",
            None,
        ),
        ("def f(a)", "def g(a): ...", "`f` is not defined"),
        ("def f(a)", "def g():\n    def f(a): ...", "`f` is not defined"),
        ("def f(a)", "class A:\n    def f(a): ...", "`f` is not defined"),
        ("def f(a)", "def f(b): ...", "`f` (line 1) takes `(b)` and should take `(a)`"),
        ("def f(a)", "def f(a, b=1): ...", "takes `(a, b=1)` and should take `(a)`"),
        ("def f(a, b)", "def f(b, a): ...", "should take `(a, b)`"),
        ("def f(a)", "def f(*, a): ...", "should take `(a)`"),
        ("def f(a=1)", "def f(a=2): ...", "has another default for `a`"),
        ("def f(a=1)", "def f(a): ...", "has another default for `a`"),
        ("def f(a: int)", "def f(a: str): ...", "takes `a` as another type than `int`"),
        ("def f() -> int", "def f(): ...", "gives back another type than `int`"),
        ("def f(a)", "async def f(a): ...", "is an async function and should be a function"),
        ("def f(a)", "class f: ...", "is a class and should be a function"),
        ("def f(a)", "def f(a): ...\n\n\ndef f(b): ...", "`f` (line 4) takes"),
        (
            "class A:\n    @staticmethod\n    def f(x): ...",
            "class A:\n    def f(x): ...",
            "is plain and should be staticmethod",
        ),
    ],
)
def test_a_definition_keeps_what_its_callers_rely_on(signature: str, code: str, why: str | None, held: Any) -> None:
    check = told(held, "signature-preserved", code, signature=signature)
    assert check.verdict is (Verdict.FAILED if why else Verdict.PASSED), check.evidence
    assert why is None or why in check.evidence


def test_a_signature_that_is_none_is_unknown(held: Any) -> None:
    assert told(held, "signature-preserved", "def f(): ...").verdict is Verdict.UNKNOWN
    assert told(held, "signature-preserved", "def f(): ...", signature="x = 1").verdict is Verdict.UNKNOWN
    assert told(held, "signature-preserved", "def f(): ...", signature="def (").verdict is Verdict.UNKNOWN


PARAMETERS = st.lists(NAMES, unique=True, max_size=4)


@given(one=PARAMETERS, other=PARAMETERS, annotated=st.booleans())
def test_signatures_are_kept_where_their_parameters_are(
    one: list[str], other: list[str], annotated: bool, held: Any
) -> None:
    written = ", ".join(f"{name}: int" if annotated else name for name in other)
    code = ast.unparse(ast.parse(f"def f({written}): return 1"))
    check = told(held, "signature-preserved", code, signature=f"def f({', '.join(one)})")
    assert (check.verdict is Verdict.PASSED) is (one == other)
