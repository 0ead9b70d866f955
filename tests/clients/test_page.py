"""docs/clients.md shows nothing that no test uses."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.clients.running import PAGE, SCRIPTS, snippets
from tests.snippets import ROOT

HERE = Path(__file__).parent


def test_every_file_of_the_page_is_used() -> None:
    sources = [*HERE.glob("test_*.py"), *SCRIPTS.glob("*.js")]
    used = "\n".join(file.read_text() for file in sources)

    assert len(snippets()) == 16
    names = {name: name.removesuffix(".ts") for name in snippets()}
    assert [name for name, stem in names.items() if f'{stem}"' not in used] == []


def test_every_client_of_the_page_has_its_section() -> None:
    page = (ROOT / PAGE).read_text()
    linked = set(re.findall(r"\]\(#([\w-]+)\)", page))
    sections = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        for title in re.findall(r"^## (.*)$", page, re.M)
    }

    assert linked <= sections
    assert len(linked) == 8


def test_the_packages_are_pinned_and_have_no_address() -> None:
    package = json.loads((SCRIPTS / "package.json").read_text())
    lock = json.loads((SCRIPTS / "package-lock.json").read_text())

    assert all(re.fullmatch(r"\d+\.\d+\.\d+", each) for each in package["dependencies"].values())
    assert [name for name, each in lock["packages"].items() if "resolved" in each] == []
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
