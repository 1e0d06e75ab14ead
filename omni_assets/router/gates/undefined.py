"""A gate that asks whether each name in a module is defined there."""

from __future__ import annotations

from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, NoParameters, failed, passed, unknown
from omni_assets.router.gates.python_code import python_of
from omni_assets.router.values import OutputFormat

_MOST_NAMED = 5


def _no_undefined_names(evidence: Evidence, _: NoParameters) -> Judged:
    from pyflakes.checker import Checker
    from pyflakes.messages import ImportStarUsage, ImportStarUsed, UndefinedExport, UndefinedLocal, UndefinedName

    tree = python_of(evidence)
    if isinstance(tree, Judged):
        return tree
    messages = Checker(tree, filename="answer.py", builtins=frozenset(evidence.task.symbols)).messages
    undefined = [each for each in messages if isinstance(each, UndefinedName | UndefinedLocal | UndefinedExport)]
    if undefined:
        places = dict.fromkeys(f"`{each.message_args[0]}` (line {each.lineno})" for each in undefined)
        return failed(f"not defined: {', '.join([*places][:_MOST_NAMED])}")
    if any(isinstance(each, ImportStarUsed | ImportStarUsage) for each in messages):
        return unknown("an import of `*` hides which names there are")
    return passed()


GATES = (
    Gate(
        id="no-undefined-names",
        version=1,
        summary="Each name that the Python code uses is defined in it, imported, built in, or given by the task.",
        explanation=(
            "pyflakes reads the code, and runs nothing. The task's `symbols` count as defined. An import of `*` makes "
            "this unknown, for nobody can tell what it brings."
        ),
        passes="import math\n\n\ndef area(radius):\n    return math.pi * radius**2",
        fails="def area(radius):\n    return math.pi * radius**2",
        parameters=NoParameters,
        judge=_no_undefined_names,
        given=Given(output_format=OutputFormat.CODE),
        packages={"pyflakes": "router"},
    ),
)
