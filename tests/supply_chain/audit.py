"""``python -m tests.supply_chain.audit``: known weaknesses of what is locked, where a database of them can be reached.

Exits with 1 where there are some. Where no database answers, it says that nothing was looked up, and exits with 0: that
is no finding, and no clean bill either.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.supply_chain.bill import LOCK

_SECONDS = 120
_WHERE = ("pypi", "osv")


class Audit(NamedTuple):
    """What came of it: how many packages were looked up, and a line for each weakness."""

    looked_up: int
    weaknesses: tuple[str, ...]


def read(document: dict[str, Any]) -> Audit:
    """What ``pip-audit --format json`` says."""
    looked_up = [each for each in document["dependencies"] if "skip_reason" not in each]
    lines = (
        f"{each['name']} {each['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no version'}"
        for each in looked_up
        for found in each["vulns"]
    )
    return Audit(len(looked_up), tuple(lines))


def audit(service: str) -> Audit | str:
    """The audit by one database; or, as a clause, why there is none."""
    program = str(Path(sys.executable).with_name("pip-audit"))
    command = [
        program, "--require-hashes", "--disable-pip", "-r", str(LOCK), "--progress-spinner", "off",
        "--format", "json", "--vulnerability-service", service, "--timeout", "15",
    ]  # fmt: skip
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
        found = read(json.loads(ran.stdout))
    except subprocess.TimeoutExpired:
        return f"it said nothing for {_SECONDS} s"
    except (json.JSONDecodeError, KeyError):
        return "it cannot be reached"
    return found if found.looked_up else "it knows none of the packages"


def main() -> int:
    """Ask one database after the other, until one knows."""
    for service in _WHERE:
        found = audit(service)
        if isinstance(found, Audit):
            print(*found.weaknesses, sep="\n", end="\n" if found.weaknesses else "")
            print(f"omni: {found.looked_up} packages looked up by {service}, {len(found.weaknesses)} weaknesses")
            return int(bool(found.weaknesses))
        print(f"omni: the database `{service}` cannot be asked from here: {found}", file=sys.stderr)
    print("omni: no package was looked up, so nothing is known of their weaknesses", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
