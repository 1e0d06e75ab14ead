"""A virtual environment with this project as its users install it: the wheel and what its extras need, no more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def wheel(folder: Path) -> Path:
    """The project as a wheel in ``folder``, built without a network."""
    _python("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(folder), ROOT)
    (built,) = folder.glob("*.whl")
    return built


def environment(folder: Path, built: Path, *extras: str) -> Path:
    """A virtual environment in ``folder`` as `pip install omni-assets[extras]` makes one, and its Python.

    What the project needs is not downloaded: its packages are links to those that the tests run with.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    (packages,) = folder.glob("lib/python*/site-packages")
    for each in needed("omni-assets", extras):
        for part in _parts(each):
            link = packages / part.name
            if not link.exists():
                link.symlink_to(part)
        _write_scripts(each, python)
    _python("-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(built))
    return python


def needed(name: str, extras: tuple[str, ...]) -> list[Distribution]:
    """The installed distributions that one needs with those extras, directly or not, without itself."""
    found: dict[tuple[str, str], Distribution] = {}
    pending = [(canonicalize_name(name), extra) for extra in ("", *extras)]
    while pending:
        key = pending.pop()
        if key in found:
            continue
        found[key] = distribution(key[0])
        for line in found[key].requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": key[1]}):
                pending += [(canonicalize_name(requirement.name), extra) for extra in ("", *requirement.extras)]
    return list({key: each for (key, _), each in found.items() if key != canonicalize_name(name)}.values())


def _parts(package: Distribution) -> Iterator[Path]:
    """What a distribution has at the top of the folder of packages."""
    top = {file.parts[0] for file in package.files or () if not file.parts[0].startswith("..")}
    return (part for each in sorted(top) if (part := Path(str(package.locate_file(each)))).exists())


def _write_scripts(package: Distribution, python: Path) -> None:
    """The commands of a distribution, as an installer writes them."""
    for entry in package.entry_points.select(group="console_scripts"):
        script = python.with_name(entry.name)
        script.write_text(
            f"#!{python}\nimport sys\nfrom {entry.module} import {entry.attr}\nsys.exit({entry.attr}())\n"
        )
        script.chmod(0o755)


def _python(*arguments: object) -> None:
    ended = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
