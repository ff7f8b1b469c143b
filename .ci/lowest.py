"""Prints the oldest version that pyproject.toml allows of each dependency, as pip constraints.

The suite runs once against these, so that a lower bound is a promise that somebody kept. Usage: lowest.py EXTRA...
"""
# ruff: noqa: INP001 - a script, no part of a package

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*>=\s*([0-9.]+)(?:\s*,[^;]*)?(?:\s*;.*)?")


def main(extras: list[str]) -> None:
    """Print one `name==version` a line for the dependencies and the given extras."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    for requirement in sum((project["optional-dependencies"][extra] for extra in extras), project["dependencies"]):
        bound = REQUIREMENT.fullmatch(requirement)
        if not bound:
            sys.exit(f"{requirement}: has no lower bound of the form name>=1.2; write one, so that it can be tested")
        print(f"{bound[1]}=={bound[2]}")  # noqa: T201 - printing is this script's job


if __name__ == "__main__":
    main(sys.argv[1:])
