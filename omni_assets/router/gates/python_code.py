"""Outputs as Python: read, never run. What is too long to be read in bounded time is not judged."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache

from omni_assets.router.gates.gate import Evidence, Judged, failed, unknown

MOST_CODE = 200_000
"""Characters of code beyond which it is not read: a tree takes some hundred bytes a character."""

_PYTHON = frozenset({"python", "py", "python3"})


class NoPython(ValueError):
    """A text that Python does not accept; ``str()`` says why and where, as a clause."""


def is_python(language: str) -> bool:
    """Whether a task's language is Python."""
    return language.strip().lower() in _PYTHON


@lru_cache(maxsize=4)
def tree_of(code: str) -> ast.Module:
    """The syntax tree of a module that Python would accept. Raises ``NoPython``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
            compile(code, "answer", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise NoPython(f"line {error.lineno}: {error.msg}" if error.lineno else str(error.msg)) from None
    except (ValueError, OverflowError) as error:
        raise NoPython(str(error)) from None
    except (RecursionError, MemoryError):
        raise NoPython("it is nested too deeply") from None
    return tree


def python_of(evidence: Evidence) -> ast.Module | Judged:
    """The output as a syntax tree, or what a gate says where there is none."""
    code = evidence.output.text
    if not is_python(evidence.task.language):
        return unknown(f"the task's language is {evidence.task.language}, and only Python is looked at")
    if len(code) > MOST_CODE:
        return unknown(f"the output has more than {MOST_CODE:,} characters, which is more than is read")
    try:
        return tree_of(code)
    except NoPython as error:
        return failed(f"the output is no Python: {error}")
