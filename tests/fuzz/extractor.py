"""Fuzzing the extractor: whatever the bytes, it answers in time, with findings in place, and loses no topic.

``python -m tests.fuzz.extractor --seconds 20`` mutates the contracts of this project; ``--guided`` lets atheris choose
the bytes by coverage, where it is installed (``pip install atheris``). An input that fails is written to the folder
``--failures``, and ``--again FILE`` runs it once more.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from omni_assets.contracts import Contract, ContractTopicExtractor, Grammar
from omni_assets.contracts.rules import UNREAD_RULES
from tests.fuzz.mutations import LARGEST, inputs, seeds

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
SLOW = 3.0
"""Seconds that one input may take, far beyond what any takes."""

SAYING = ("schema", "schema_ref", "example")
"""Keys that say what records hold: nothing below them declares a topic."""

HUNG = 60.0
"""Seconds after which the process ends itself, whatever it is doing."""

Read = Callable[[str], Contract]


class Violated(Exception):
    """What the extractor promises did not hold."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that failed, where it was written, and why."""

    path: Path
    why: str


def check(content: bytes, file: Path, read: Read, grammar: Grammar) -> None:
    """Reads ``content``, which is written to ``file`` first. Raises whatever goes wrong."""
    file.write_bytes(content)
    started = time.monotonic()
    contract = read(str(file))
    seconds = time.monotonic() - started
    if seconds > SLOW:
        raise Violated(f"it took {seconds:.1f} s")
    for finding in contract.findings:
        if finding.location.line < 1 or finding.location.column < 1 or not finding.message:
            raise Violated(f"a finding without a place or a message: {finding}")
    if not any(finding.rule in UNREAD_RULES for finding in contract.findings):
        known = {
            (each.topic, each.location.line) for each in (*contract.declarations, *contract.outside, *contract.findings)
        }
        for node in _scalars(content):
            if grammar.matches(node.value) and (node.value, node.start_mark.line + 1) not in known:
                raise Violated(f"`{node.value}` in line {node.start_mark.line + 1} is neither declared nor reported")


def run(
    contents: Iterator[bytes],
    failures: Path,
    *,
    runs: int | None = None,
    seconds: float | None = None,
    read: Read | None = None,
) -> tuple[int, Failure | None]:
    """Checks inputs until one fails, or the runs or seconds are over: how many there were, and the failure."""
    extractor = ContractTopicExtractor()
    ends = None if seconds is None else time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "contract.yaml"
        done = 0
        while (runs is None or done < runs) and (ends is None or time.monotonic() < ends):
            content = next(contents)
            faulthandler.dump_traceback_later(HUNG, exit=True)
            try:
                check(content, file, read or extractor.read, extractor.grammar)
            except Exception as error:  # noqa: BLE001 - any exception at all is what is looked for
                return done + 1, _kept(content, failures, f"{type(error).__name__}: {error}")
            finally:
                faulthandler.cancel_dump_traceback_later()
            done += 1
    return done, None


def _kept(content: bytes, failures: Path, why: str) -> Failure:
    failures.mkdir(parents=True, exist_ok=True)
    path = failures / f"{sha256(content).hexdigest()[:16]}.yaml"
    path.write_bytes(content)
    return Failure(path, why)


def _scalars(content: bytes) -> Iterator[ScalarNode]:
    """The scalars that may declare something."""
    root = yaml.compose(content.decode(), yaml.CSafeLoader)
    seen: set[int] = set()
    stack: list[Node] = [root] if root is not None else []
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode):
            yield node
        elif isinstance(node, MappingNode):
            stack.extend(part for pair in node.value for part in (pair if pair[0].value not in SAYING else pair[:1]))
        else:
            stack.extend(node.value)


def _guided(seconds: int, failures: Path) -> None:
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris, or leave out --guided.")
    failures.mkdir(parents=True, exist_ok=True)
    extractor = ContractTopicExtractor()
    atheris.instrument_all()
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds(CONTRACTS)):
            (corpus / str(number)).write_bytes(seed)
        file = Path(folder) / "contract.yaml"
        limits = [
            f"-max_total_time={seconds}",
            f"-max_len={LARGEST}",
            f"-timeout={int(SLOW)}",
            f"-artifact_prefix={failures}/",
        ]
        atheris.Setup(
            [sys.argv[0], *limits, str(corpus)], lambda data: check(data, file, extractor.read, extractor.grammar)
        )
        atheris.Fuzz()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=20, help="how long to run")
    options.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="the same seed gives the same inputs")
    options.add_argument("--failures", type=Path, default=Path("fuzz-failures"), help="where an input that fails goes")
    options.add_argument("--guided", action="store_true", help="let atheris choose the bytes by coverage")
    options.add_argument("--again", type=Path, metavar="FILE", help="run one input and no other")
    arguments = options.parse_args()
    if arguments.guided:
        _guided(arguments.seconds, arguments.failures)
        return
    if arguments.again:
        done, failure = run(iter([arguments.again.read_bytes()]), arguments.failures, runs=1)
    else:
        contents = inputs(seeds(CONTRACTS), Random(arguments.seed))
        done, failure = run(contents, arguments.failures, seconds=arguments.seconds)
    if failure is not None:
        sys.exit(f"input {done} of seed {arguments.seed} failed: {failure.why}\nit is kept in {failure.path}")
    print(f"{done:,} inputs of seed {arguments.seed}, none failed")


if __name__ == "__main__":
    main()
