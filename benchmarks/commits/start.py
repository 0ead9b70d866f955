"""``python -P start.py FOLDER``: the gateway whose code lies in that folder, and no other's.

It leans on what commits have in common: the command ``gateway`` that pyproject.toml names, its
``serve``, and settings in the environment. It imports nothing of ours before it knows whose.
"""

from __future__ import annotations

import importlib
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

PACKAGES = frozenset({"gateway", "loaders", "resolvers", "schema"})


def main(folder: Path) -> None:
    if sys.platform == "linux":
        # Both commits on one core: what else the machine does then slows down both alike.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    # What is installed in the environment comes after it, and may be another commit's.
    sys.path.insert(0, str(folder))
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["scripts"]["gateway"].partition(":")
    graph = os.environ["SLUICE_GRAPH"].partition(":")[0]
    command = getattr(importlib.import_module(module), name)
    importlib.import_module(graph)
    roots = PACKAGES | {each.partition(".")[0] for each in (module, graph)}
    if found := sorted(strangers(folder, roots)):
        sys.exit(f"This would not measure {folder}: {', '.join(found[:3])}")
    command(["serve"])


def strangers(folder: Path, roots: frozenset[str]) -> Iterator[str]:
    """The modules of these packages that were not imported from the folder, and where from."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in roots:
            # A package without __init__.py has places and no file.
            file = getattr(module, "__file__", None)
            for place in [file] if file else module.__path__:
                if not Path(place).resolve().is_relative_to(folder):
                    yield f"{name} is imported from {place}"


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
