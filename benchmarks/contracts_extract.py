"""A corpus of contracts from finding the files to the last finding, wiring and near misses included.

``cold``: nothing is known yet; baseline is a bare ``yaml.load(…, CSafeLoader)`` of the same files, which yields plain
data without places. ``warm``: the cache knows every file; baseline is cold. ``one changed``: the cache knows every file
but one; baseline is cold.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from benchmarks.measure import compare, parser, show
from omni_assets.contracts import ContractTopicExtractor, naming
from omni_assets.contracts.cache import Cache
from omni_assets.contracts.discovery import find_contracts
from omni_assets.contracts.wiring import spelling

_REMEMBERED = (naming.fold, spelling.stem, spelling.outcome)


def check(sources: list[str], cache: Cache | None = None) -> int:
    """Everything that ``omni check`` finds, as a process that has just started does it; the number of findings."""
    for each in _REMEMBERED:
        each.cache_clear()
    extractor = ContractTopicExtractor()
    manifest = extractor.extract(sources, cache)
    return len(manifest.findings) + len(extractor.wiring(manifest, cache))


def figures(corpus: Path, rounds: int) -> Iterator[dict[str, object]]:
    """A figure for each state of the cache."""
    sources = [str(corpus)]
    paths = find_contracts(sources)

    def bare() -> None:
        for path in paths:
            with open(path, "rb") as file:
                yaml.load(file, yaml.CSafeLoader)

    def cold() -> None:
        check(sources)

    manifest = ContractTopicExtractor().extract(sources)
    size = {"contracts": len(manifest.contracts), "topics": len(manifest.topics), "findings": check(sources)}
    yield {**compare("cold, against a bare load", bare, cold, rounds).document(), **size, "target": 1.5}
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder) / "contracts.sqlite")
        yield {**compare("warm, against cold", cold, lambda: check(sources, cache), rounds).document(), "target": 0.25}
        changed = _one_changed(Path(folder), paths, cache)
        yield compare("one contract changed, against cold", cold, changed, rounds).document()


def _one_changed(folder: Path, paths: list[str], cache: Cache) -> Callable[[], None]:
    """A check of the same contracts, of which one is another each time."""
    changing = folder / "changing" / "contract.yaml"
    changing.parent.mkdir()
    content = Path(paths[0]).read_bytes()
    sources = [*paths[1:], str(changing)]
    times = 0

    def run() -> None:
        nonlocal times
        times += 1
        changing.write_bytes(content + b"\n# %d\n" % times)
        check(sources, cache)

    return run


def main() -> None:
    options = parser(__doc__, rounds=15)
    options.add_argument("corpus", type=Path, help="a folder of contracts")
    arguments = options.parse_args()
    show(arguments.format, *figures(arguments.corpus, arguments.rounds))


if __name__ == "__main__":
    main()
