"""Times whole commands as a user waits for them: seconds of the fastest run, and the most memory of any.

    python -m tests.bench.commands [runs]

Each time stands beside that of an interpreter that does nothing, since the machine is shared. Exits 1 when a figure of
the first release is missed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
RUNS: Final = 5
MEGABYTE: Final = 1024  # wait4 counts kilobytes on Linux
FIGURES: Final[tuple[tuple[list[str], float, float], ...]] = (  # command, seconds, MB
    (["--help"], 0.150, 200),
    (["certs", "show", "ssolab/cutover/greenmoor.pem"], 0.300, 200),
    (["rehearse"], 5.0, 200),
)


def run(arguments: list[str]) -> tuple[float, float]:
    """Run one command of this interpreter in the quiet, and give its seconds and megabytes."""
    command = [sys.executable, *arguments]
    began = time.perf_counter()
    child = os.posix_spawn(
        sys.executable,
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    _, status, used = os.wait4(child, 0)
    took = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status) not in {0, 1}:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return took, used.ru_maxrss / MEGABYTE


def main(arguments: list[str]) -> int:
    """Run every command a few times and say whether its figure is met."""
    runs = int(arguments[0]) if arguments else RUNS
    os.chdir(ROOT)
    bare = min(run(["-c", ""])[0] for _ in range(runs))
    print(f"  an interpreter that does nothing: {bare * 1000:.0f} ms")  # noqa: T201  this script is a report
    missed = 0
    for words, seconds, megabytes in FIGURES:
        measured = [run(["-m", "ssolab.cli", *words]) for _ in range(runs)]
        took, held = min(each for each, _ in measured), max(each for _, each in measured)
        met = took <= seconds and held <= megabytes
        missed += not met
        print(  # noqa: T201  as above
            f"  {'met   ' if met else 'MISSED'} ssolab {' '.join(words)}: {took * 1000:.0f} ms, at most "
            f"{seconds * 1000:.0f} ({took / bare:.1f} x nothing); {held:.0f} MB, at most {megabytes:.0f}"
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
