"""Fuzzes every target with atheris for a bounded time, each in a process of its own.

    python -m tests.fuzz [SECONDS [TARGET...]]

A finding ends the run with exit code 1 and leaves the input that shows it in the folder that is named. Seeds come from
the faults; what a run learns is thrown away, so that two runs of one commit begin alike.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import TARGETS

SECONDS = 60
LONGEST_INPUT = 20_000
ONE_INPUT = 5  # seconds after which an input counts as a hang
MEMORY = 2_048  # megabytes


def fuzz(name: str, arguments: list[str]) -> None:
    """Run one target in this process, until libFuzzer ends it."""
    import atheris  # an extra that only this needs

    with atheris.instrument_imports(include=["ssolab"]):
        target = TARGETS[name].run
    atheris.Setup([sys.argv[0], *arguments], target)
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Fuzz the targets one after another."""
    seconds = int(arguments[0]) if arguments else SECONDS
    failed = []
    for name in arguments[1:] or TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            seeds, found = Path(folder, "seeds"), Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
            seeds.mkdir()
            for number, seed in enumerate(TARGETS[name].seeds()):
                (seeds / str(number)).write_bytes(seed[:LONGEST_INPUT])
            limits = [f"-max_total_time={seconds}", f"-timeout={ONE_INPUT}", f"-rss_limit_mb={MEMORY}"]
            options = [f"-artifact_prefix={found}/", f"-max_len={LONGEST_INPUT}", "-print_final_stats=1"]
            command = [sys.executable, "-m", "tests.fuzz", "--run", name, *limits, *options, str(seeds)]
            done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True, errors="replace")
            tries = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line]
            print(f"{name}: {tries[-1].split()[-1] if tries else 'no'} inputs, exit {done.returncode}")  # noqa: T201  a report
            if done.returncode:
                failed.append(name)
                print(done.stderr[-8_000:], f"the input is in {found}", sep="\n")  # noqa: T201  as above
            elif not any(found.iterdir()):
                found.rmdir()
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        fuzz(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main(sys.argv[1:]))
