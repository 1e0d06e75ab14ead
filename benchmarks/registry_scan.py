"""Scanning source code for topics, against reading the same bytes.

The tree is made of copies of Python's own library with a topic put into every hundredth module, so that it is mostly
without topics, as source code is; it is the same in every run. Baseline: every file is opened and read. Measured:
``omni registry scan`` as an operation, from the first folder to the last finding.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import compare, parser, show
from omni_assets.operations.context import resolve
from omni_assets.operations.scan import scan

LINES_A_MINUTE = 10_000_000
"""What a scan is to manage on one core."""

_TOPIC = "onex.evt.router.routing-complete.v1"
_TOPICS = (_TOPIC, _TOPIC.replace("-", "_"))
_CONTRACT = f"name: router\nevent_bus:\n  publish_topics: [{_TOPIC}]\n"
_EVERY = 100


def make_tree(folder: Path, lines: int) -> None:
    """Copies of the standard library, until there are ``lines`` lines."""
    made = number = 0
    for copy in count():
        for name, code in _library():
            path = folder / f"copy-{copy}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = code if number % _EVERY else code + f'\nTOPIC = "{_TOPICS[number // _EVERY % 2]}"\n'.encode()
            path.write_bytes(data)
            made += data.count(b"\n")
            number += 1
            if made >= lines:
                return


def _library() -> Iterator[tuple[str, bytes]]:
    root = sysconfig.get_path("stdlib")
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if each not in {"site-packages", "__pycache__"})
        for name in sorted(names):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    yield os.path.relpath(path, root), file.read()


def figures(lines: int, rounds: int) -> dict[str, object]:
    """The comparison over a tree of that many lines."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        contract = folder / "contracts" / "router" / "contract.yaml"
        contract.parent.mkdir(parents=True)
        contract.write_text(_CONTRACT)
        (folder / "src").mkdir()
        (folder / "src" / ".gitignore").write_text("*.pyc\n/build/\n!keep.pyc\n__pycache__/\n*.egg-info/\n")
        make_tree(folder / "src", lines)
        source = str(folder / "src")

        def read() -> None:
            for place, _, names in os.walk(source):
                for each in names:
                    with open(os.path.join(place, each), "rb") as file:
                        file.read()

        context = resolve([str(folder / "contracts")], folder=folder, environ={})
        manifest = context.manifest()
        found = compare("scan source code", read, lambda: scan(context, manifest, [source]), rounds)
        last = scan(context, manifest, [source])
    document = found.document()
    seconds = min(found.measured)
    return {
        **document,
        "files": last.files,
        "lines": last.lines,
        "findings": len(last.findings),
        "lines_a_minute": round(last.lines / seconds * 60),
        "target_lines_a_minute": LINES_A_MINUTE,
    }


def main() -> None:
    options = parser(__doc__, rounds=5)
    options.add_argument("--lines", type=int, default=2_000_000, help="lines of the tree (default: %(default)s)")
    arguments = options.parse_args()
    show(arguments.format, figures(arguments.lines, arguments.rounds))


if __name__ == "__main__":
    main()
