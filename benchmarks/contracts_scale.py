"""Thousands of contracts, made from real ones: whether time grows in line with them, and how much memory they take.

Each made contract is a real one under another producer (``omniclaude`` becomes ``omniclaude-17``), so that names are as
long, as alike and as often wired as real ones are; some get a topic more, to make two a contract, and some a mistake.
Every size is measured in a process of its own, from finding the
files to the last finding; ``ratio`` is the time per contract against that of the smallest size.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import parser, show
from omni_assets.contracts import ContractTopicExtractor, Grammar
from omni_assets.contracts.discovery import find_contracts
from omni_assets.contracts.wiring.findings import wiring_findings
from omni_assets.contracts.wiring.graph import wire
from omni_assets.contracts.wiring.mismatches import mismatches

_NAME = re.compile(rb"onex\.([a-z]+)\.([a-z0-9-]+)\.")
_NODE = re.compile(rb"(?m)^((?:node_|contract_)?name:\s*[\"']?)([\w-]+)")


def make(corpus: Path, folder: Path, contracts: int) -> None:
    """Write so many contracts, a folder each."""
    real = [Path(path).read_bytes() for path in find_contracts([str(corpus)])]
    for number in range(contracts):
        family = b"%d" % (number // len(real))
        content = _NAME.sub(rb"onex.\1.\2-" + family + b".", real[number % len(real)])
        if number % 8 < 3:
            content += b"\noutput_topics: [onex.evt.added-%d.work-completed.v1]\n" % number
        if number % 40 == 0:
            content += b"\ninput_topics: [onex.evt.added-%d.work-complete.v1]\n" % number
        target = folder / f"node-{number}" / "contract.yaml"
        target.parent.mkdir()
        target.write_bytes(_NODE.sub(rb"\1\2_" + family, content))


def measure(folder: str) -> dict[str, object]:
    """One measurement, in this process: seconds of each step, and the most memory that it took, in MiB."""
    started = time.perf_counter()
    grammar = Grammar()
    manifest = ContractTopicExtractor(grammar).extract([folder])
    extracted = time.perf_counter()
    findings = wiring_findings(manifest, grammar)
    done = time.perf_counter()
    wiring = wire(manifest, grammar)
    before = time.perf_counter()
    near = mismatches(wiring, grammar)
    after = time.perf_counter()
    return {
        "contracts": len(manifest.contracts),
        "topics": len(manifest.topics),
        "findings": len(manifest.findings) + len(findings),
        "near_misses": len(near),
        "extract_seconds": round(extracted - started, 2),
        "wiring_seconds": round(done - extracted, 2),
        "near_miss_seconds": round(after - before, 2),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def figures(corpus: Path, sizes: tuple[int, ...]) -> Iterator[dict[str, object]]:
    """A figure for each size."""
    first = 0.0
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            make(corpus, Path(folder), size)
            command = [sys.executable, "-m", "benchmarks.contracts_scale", str(corpus), "--measure", folder]
            measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        each = (measured["extract_seconds"] + measured["wiring_seconds"]) / size
        first = first or each
        yield {
            "claim": f"{size:,} contracts from files to findings, time per contract",
            "ratio": round(each / first, 3) if first else 1.0,
            **measured,
            "target_near_miss_seconds": 2.0,
            "target_peak_mib": 600,
        }


def main() -> None:
    options = parser(__doc__, rounds=1)
    options.add_argument("corpus", type=Path, help="a folder of contracts")
    options.add_argument("--sizes", type=int, nargs="+", default=[2500, 5000, 10_000], help="numbers of contracts")
    options.add_argument("--measure", metavar="FOLDER", help="measure one folder in this process, and print it")
    arguments = options.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    show(arguments.format, *figures(arguments.corpus, tuple(arguments.sizes)))


if __name__ == "__main__":
    main()
