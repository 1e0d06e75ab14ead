"""``python -m tests.docstrings.check``: what the public docstrings of the package do not say, and should.

Ruff sees to it that they are there (D1). What a docstring has to say is prose here, without sections for parameters and
errors, so no linter of such sections can hold it against the code; the rules are in the modules beside this one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.docstrings.definitions import undescribed_definitions
from tests.docstrings.figures import unsaid_figures
from tests.docstrings.formulas import unsourced_formulas
from tests.docstrings.raising import unnamed_errors
from tests.docstrings.source import Finding, Module, read

RULES = (unnamed_errors, unsaid_figures, unsourced_formulas, undescribed_definitions)
PACKAGE = Path(__file__).parents[2] / "omni_assets"


def findings(modules: Iterable[Module]) -> list[Finding]:
    """What all rules find, in the order of the files."""
    known = tuple(modules)
    found = [each for rule in RULES for each in rule(known)]
    return sorted(found, key=lambda each: (each.path, each.line, each.why))


def main() -> int:
    """Print the findings; 1 where there are some."""
    found = findings(read(PACKAGE))
    for each in found:
        print(each)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
