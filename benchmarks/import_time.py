"""``import omni_assets.contracts`` in a fresh interpreter, beside an interpreter that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.measure import compare, parser, show


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True)


def figures(rounds: int) -> dict[str, object]:
    """Seconds from start to end of a process; ``import_seconds`` is the median of the differences, run by run."""
    found = compare(
        "import omni_assets.contracts",
        lambda: run("pass"),
        lambda: run("import omni_assets.contracts"),
        rounds,
    )
    differences = [b - a for a, b in zip(found.baseline, found.measured, strict=True)]
    return {**found.document(), "import_seconds": round(statistics.median(differences), 4), "target_seconds": 0.25}


def main() -> None:
    arguments = parser(__doc__, rounds=15).parse_args()
    show(arguments.format, figures(arguments.rounds))


if __name__ == "__main__":
    main()
