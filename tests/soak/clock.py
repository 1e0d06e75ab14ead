"""The clock of some processes, set while they run: ``clock.c`` says how, and is compiled for that."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")
_OFFSET, _LIBRARY = "clock.offset", "clock.so"


def variables(folder: Path) -> dict[str, str]:
    """The variables under which a process has a clock that is set; none where there is no compiler of C."""
    compiler = shutil.which("cc")
    if compiler is None:
        return {}
    library, offset = folder / _LIBRARY, folder / _OFFSET
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE), "-ldl"], check=True)
    offset.write_bytes(struct.pack("=q", 0))
    return {"LD_PRELOAD": str(library), "SOAK_CLOCK": str(offset)}


def set_to(folder: Path, seconds: int) -> bool:
    """Set it so many seconds off, at once; false where no process has one."""
    offset = folder / _OFFSET
    if not offset.is_file():
        return False
    with offset.open("r+b") as file:
        file.write(struct.pack("=q", seconds))
    return True
