"""What docker/compose.yaml and docker/Dockerfile say of each process, for tests that run it without containers."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docker"
COMPOSE, DOCKERFILE = FOLDER / "compose.yaml", FOLDER / "Dockerfile"

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def composed(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The compose file with its variables put in, as where nobody has set any others than these."""
    document: dict[str, Any] = _put_in(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")), environ or {})
    return document


def _put_in(value: Any, environ: Mapping[str, str]) -> Any:
    """As compose does it: in strings, once the document is read."""
    if isinstance(value, dict):
        return {key: _put_in(each, environ) for key, each in value.items()}
    if isinstance(value, list):
        return [_put_in(each, environ) for each in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: environ.get(found[1]) or found[2] or "", value)
    return value


def service(name: str) -> dict[str, Any]:
    """One service of the compose file."""
    found: dict[str, Any] = composed()["services"][name]
    return found


def environ_of(name: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a service as compose puts them together: files in their order, then what the service states.

    A file that is not there gives none. Values in files have variables put in, too.
    """
    found: dict[str, str] = {}
    stated = composed(environ)["services"][name]
    for path in (FOLDER / each["path"] for each in stated.get("env_file", ()) if (FOLDER / each["path"]).is_file()):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        found |= {key: str(_put_in(value, environ or {})) for key, value in (line.split("=", 1) for line in lines)}
    return found | stated.get("environment", {})


def seconds(duration: str) -> float:
    """A duration as compose files write them, such as ``1m30s``."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


def mebibytes(size: str) -> int:
    """A size in memory as compose files write them: ``1536m``, ``3g``."""
    return int(size[:-1]) * {"m": 1, "g": 1024}[size[-1]]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, with the lines of each joined."""
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    split = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(word.upper(), " ".join(rest.split())) for word, rest in split]


def last(instruction: str) -> str:
    """What the last such instruction says: that of the image itself, not of a stage before it."""
    return [said for word, said in instructions() if word == instruction][-1]


def entry_point() -> list[str]:
    """What the image puts before each command."""
    found: list[str] = json.loads(last("ENTRYPOINT"))
    return found


def image_environ() -> dict[str, str]:
    """The variables that the image sets."""
    return dict(part.split("=", 1) for part in shlex.split(last("ENV")))


def copied() -> dict[str, str]:
    """Where files of the tree are in the image, by their path in the tree."""
    found: dict[str, str] = {}
    for word, said in instructions():
        *sources, target = [part for part in said.split() if not part.startswith("--chmod")]
        if word != "COPY" or any(part.startswith("--from") for part in sources):
            continue
        found.update({each: f"{target}{Path(each).name}" if target.endswith("/") else target for each in sources})
    return found
