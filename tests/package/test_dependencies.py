"""What pyproject.toml says that we need, beside what is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("gateway", "loaders", "resolvers")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DRIVERS = ("postgres", "mongo", "rest", "redis")
OPTIONAL = (*DRIVERS, "learn")

DISTRIBUTIONS = {
    "bson": "pymongo",
    "graphql": "graphql-core",
    "jwt": "pyjwt",
    "strawberry": "strawberry-graphql",
}
"""The distributions whose packages have another name."""

BY_NAME = {"httptools", "tzdata", "uvloop", "websockets"}
"""What uvicorn and zoneinfo import for us, if it is there."""


def requirements(texts: list[str]) -> list[Requirement]:
    return [Requirement(text) for text in texts]


def names_of(texts: list[str]) -> set[str]:
    return {normal(each.name) for each in requirements(texts)}


def normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def imported(path: Path) -> Iterator[str]:
    """The distributions that a file imports directly."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        for name in {each.partition(".")[0] for each in names}:
            ours = name in (*PACKAGES, "demo") or name in sys.stdlib_module_names
            if not ours and name != "__future__":
                yield normal(DISTRIBUTIONS.get(name, name))


def imported_by_all() -> set[str]:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    shops = ROOT / "resolvers" / "shop"
    return {name for file in files if shops not in file.parents for name in imported(file)}


def test_what_is_imported_is_declared_and_what_is_declared_is_used() -> None:
    optional = {name for extra in OPTIONAL for name in names_of(EXTRAS[extra])}
    declared = names_of(PROJECT["dependencies"])

    assert declared | optional == imported_by_all() | BY_NAME
    assert declared & optional == set()


def test_all_is_every_driver() -> None:
    (every,) = requirements(EXTRAS["all"])

    assert (every.name, every.extras) == ("sluice-graphql", set(DRIVERS))


@pytest.mark.parametrize(
    "requirement",
    requirements([*PROJECT["dependencies"], *(text for each in DRIVERS for text in EXTRAS[each])]),
    ids=lambda requirement: requirement.name,
)
def test_a_dependency_has_bounds_that_the_tests_are_in(requirement: Requirement) -> None:
    bounds = {each.operator for each in requirement.specifier}

    assert {">=", "<"} <= bounds
    assert version(requirement.name) in requirement.specifier


@pytest.mark.parametrize("name", ["strawberry-graphql", "graphql-core"])
def test_what_we_lean_on_has_bounds_to_the_minor_version(name: str) -> None:
    (needed,) = [each for each in requirements(PROJECT["dependencies"]) if each.name == name]
    (below,) = [each.version for each in needed.specifier if each.operator == "<"]
    major, minor, *_ = version(name).split(".")

    assert below == f"{major}.{int(minor) + 1}"


def test_each_dependency_is_pinned_where_it_is_tested() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = names_of(lines)
    needed = {name for extra in EXTRAS.values() for name in names_of(extra)}

    assert needed | names_of(PROJECT["dependencies"]) <= pinned | {"sluice-graphql"}
