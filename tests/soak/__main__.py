"""``python -m tests.soak --seconds N --seed S``: a project whose processes are killed, broker restarted and clocks set.

Exits with 1, and a sentence for each thing, where something was wrong at the end; its folder is kept then.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.soaking import soak
from tests.soak.table import lines


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=3600, help="how long things happen")
    options.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="the same seed, the same steps")
    arguments = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))
    folder = Path(tempfile.mkdtemp(prefix="omni-soak-"))
    print(f"soaking for {arguments.seconds:g} s with seed {arguments.seed} in {folder}", flush=True)
    soaked = soak(folder / "project", arguments.seconds, arguments.seed, lambda said: print(said, flush=True))
    print("\n".join(lines(soaked)))
    if soaked.wrong:
        print("\n".join(f"wrong: {each}." for each in soaked.wrong))
        print(f"the same steps again: --seed {arguments.seed}; everything is kept in {folder}")
        return 1
    shutil.rmtree(folder)
    print("nothing was wrong")
    return 0


if __name__ == "__main__":
    sys.exit(main())
