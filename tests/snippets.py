"""The code that the documentation shows, as its readers have it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from resolvers import fields

ROOT = Path(__file__).parent.parent

PACKAGE = "acme"
"""Where the documentation's modules are."""


def blocks(page: str, language: str = "python") -> list[str]:
    """The page's blocks of code in this language, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


def modules(page: str) -> Mapping[str, str]:
    """Those of the page's blocks in Python that say in their first line which file of the package
    they are, by its path."""
    named = (re.match(rf"# ({PACKAGE}/\S+\.py)\n", block) for block in blocks(page))
    return {each[1]: each.string for each in named if each is not None}


@contextmanager
def importable(page: str, folder: Path) -> Iterator[None]:
    """Has the page's modules be imported from the folder."""
    for path, code in modules(page).items():
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(code, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(folder)
        # Types are found by their names in the package, and other pages have such names, too.
        fields._by_package.pop(PACKAGE, None)
        try:
            yield
        finally:
            fields._by_package.pop(PACKAGE, None)
            for name in [each for each in sys.modules if each.partition(".")[0] == PACKAGE]:
                del sys.modules[name]
