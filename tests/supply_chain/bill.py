"""``python -m tests.supply_chain.bill FILE``: the bill of materials, CycloneDX 1.6, out of the lock file alone.

The same lock gives the same bytes. It says what each package is and the hashes of its archives, and nothing of where
they were found: that is the business of whoever installs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCK, PROJECT = ROOT / "requirements.lock", ROOT / "pyproject.toml"


def bill(lock: Path = LOCK) -> dict[str, Any]:
    """The document, its components in the order of their names."""
    command = [
        str(Path(sys.executable).with_name("cyclonedx-py")), "requirements", str(lock), "--pyproject", str(PROJECT),
        "--output-reproducible", "--short-PURLs", "--no-validate", "--spec-version", "1.6",
    ]  # fmt: skip
    made = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    made["components"] = sorted(map(_component, made["components"]), key=lambda each: (each["name"], each["version"]))
    made["dependencies"] = [{"ref": each["bom-ref"]} for each in made["components"]]
    named = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["name"]
    assert made["metadata"]["component"]["name"] == named
    del made["metadata"]["tools"]
    return made


def _component(stated: dict[str, Any]) -> dict[str, Any]:
    """A package without the line that it was read from and where that says that it is found."""
    kept = {key: stated[key] for key in ("type", "name", "version", "purl")}
    hashes = [each for reference in stated.get("externalReferences", ()) for each in reference.get("hashes", ())]
    return {**kept, "bom-ref": stated["purl"], "hashes": hashes}


def main(file: str) -> None:
    """Write it."""
    Path(file).write_text(json.dumps(bill(), indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
