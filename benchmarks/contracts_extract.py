"""Extracting a corpus of contracts with file, line and column, against a bare load of the same files.

Baseline: ``yaml.load(…, CSafeLoader)`` over every file, which yields plain data without places. Measured: the manifest,
from finding the files to the last finding.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from benchmarks.measure import compare, parser, show
from omni_assets.contracts import ContractTopicExtractor
from omni_assets.contracts.discovery import find_contracts


def figures(corpus: Path, rounds: int) -> dict[str, object]:
    """The comparison over the contracts under ``corpus``."""
    paths = find_contracts([str(corpus)])

    def bare() -> None:
        for path in paths:
            with open(path, "rb") as file:
                yaml.load(file, yaml.CSafeLoader)

    def extracted() -> None:
        ContractTopicExtractor().extract([str(corpus)])

    manifest = ContractTopicExtractor().extract([str(corpus)])
    claim = f"extract {len(manifest.contracts)} contracts with places"
    found = compare(claim, bare, extracted, rounds)
    return {**found.document(), "topics": len(manifest.topics), "findings": len(manifest.findings), "target": 1.2}


def main() -> None:
    options = parser(__doc__, rounds=15)
    options.add_argument("corpus", type=Path, help="a folder of contracts")
    arguments = options.parse_args()
    show(arguments.format, figures(arguments.corpus, arguments.rounds))


if __name__ == "__main__":
    main()
