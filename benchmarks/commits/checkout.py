"""A commit's code in a folder of its own, with an environment that it can run in."""

from __future__ import annotations

import io
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.servers import BenchmarkError

NOT_SERVING = frozenset({"dev", "demo"})
"""Extras that a gateway does without: the sources are this checkout's, whatever is measured."""


@dataclass(frozen=True, slots=True)
class Commit:
    """``name`` is its short hash, ``python`` the interpreter that has its dependencies."""

    name: str
    folder: Path
    python: Path


@contextmanager
def exported(repository: Path, revision: str, say: Callable[[str], None]) -> Iterator[Commit]:
    """That commit, until the block ends, however it does.

    Its environment is this one if that has what the commit pins, and else is made for it. Raises
    BenchmarkError if there is no such commit, or its dependencies can't be installed.
    """
    name = short_hash(repository, revision)
    with TemporaryDirectory(prefix=f"sluice-{name}-") as temporary:
        folder = Path(temporary).resolve() / "checkout"
        archive = _git(repository, "archive", "--format=zip", name)
        zipfile.ZipFile(io.BytesIO(archive)).extractall(folder)
        python = Path(sys.executable)
        if lacking := unmet(folder):
            more = f", and {len(lacking) - 3} others" if len(lacking) > 3 else ""
            say(f"Making an environment for {name}: {', '.join(lacking[:3])}{more}")
            python = _environment(folder, folder.with_name("venv"))
        yield Commit(name, folder, python)


def short_hash(repository: Path, revision: str) -> str:
    """Raises BenchmarkError if it names no commit."""
    wanted = ("--short", "--verify", "--end-of-options", f"{revision}^0")
    try:
        return _git(repository, "rev-parse", *wanted).decode().strip()
    except BenchmarkError as error:
        raise BenchmarkError(f"{revision} names no commit ({error}).") from error


def is_changed(repository: Path) -> bool:
    """Whether files differ from the checked out commit's."""
    return bool(_git(repository, "status", "--porcelain", "--untracked-files=no"))


def unmet(folder: Path) -> list[str]:
    """What this environment lacks, or has in another version, of what the folder's gateway needs:
    its dependencies and theirs, as its constraints.txt pins them."""
    pins = _pins(folder)
    found: dict[str, str] = {}
    seen: set[str] = set()
    ahead = _requirements(folder)
    while ahead:
        each = ahead.pop()
        if str(each) in seen:
            continue
        seen.add(str(each))
        name = canonicalize_name(each.name)
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = f"{name} is not installed"
            continue
        pin = pins.get(name, version)
        if version != pin:
            found[name] = f"{name} {version} is installed, not {pin}"
        elif not each.specifier.contains(version, prereleases=True):
            found[name] = f"{name} {version} is installed, not {each.specifier}"
        ahead += _needed(metadata.requires(name) or [], each.extras)
    return sorted(found.values())


def _needed(texts: list[str], extras: set[str] | frozenset[str] = frozenset()) -> list[Requirement]:
    """Those that hold on this system, with these extras."""
    requirements = [Requirement(text) for text in texts]
    return [
        each
        for each in requirements
        if each.marker is None
        or any(each.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def _requirements(folder: Path) -> list[Requirement]:
    project = _project(folder)
    texts = list(project.get("dependencies", ()))
    for extra in _extras(project):
        texts += project["optional-dependencies"][extra]
    own = canonicalize_name(project["name"])
    return [each for each in _needed(texts) if canonicalize_name(each.name) != own]


def _extras(project: Mapping[str, Any]) -> list[str]:
    return sorted(set(project.get("optional-dependencies", ())) - NOT_SERVING)


def _project(folder: Path) -> Mapping[str, Any]:
    return dict(tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"])


def _pins(folder: Path) -> dict[str, str]:
    lines = (folder / "constraints.txt").read_text("utf-8").splitlines()
    pins = (line.partition("#")[0].partition("==") for line in lines)
    return {canonicalize_name(name.strip()): pin.strip() for name, _, pin in pins if pin}


def _environment(folder: Path, venv: Path) -> Path:
    """A new one, with the folder's gateway and what it needs. Returns its interpreter."""
    python = venv / "bin" / "python"
    extras = ",".join(_extras(_project(folder)))
    wanted = f"{folder}[{extras}]" if extras else str(folder)
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    constraint = ("--constraint", folder / "constraints.txt")
    for command in ((sys.executable, "-m", "venv", venv), (*pip, *constraint, "-e", wanted)):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            tail = "\n  ".join(done.stdout.splitlines()[-12:])
            raise BenchmarkError(f"Its dependencies can't be installed:\n  {tail}")
    return python


def _git(repository: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(("git", *arguments), cwd=repository, capture_output=True)
    except FileNotFoundError:
        raise BenchmarkError("A commit is measured from its repository: install git.") from None
    if done.returncode != 0:
        raise BenchmarkError(
            f"git {arguments[0]}: {done.stderr.decode('utf-8', 'replace').strip()}"
        )
    return done.stdout
