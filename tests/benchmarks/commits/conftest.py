from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROJECT = """
[project]
name = "sluice"
dependencies = ["click"]
[project.scripts]
gateway = "gateway.command:main"
"""

FILES = {
    "pyproject.toml": PROJECT,
    "constraints.txt": "",
    "gateway/__init__.py": "",
    "gateway/command.py": "import gateway.served\n\ndef main(words):\n"
    "    print(*words, gateway.served.__file__)\n",
    "gateway/served.py": "import loaders, resolvers\n",
    "loaders/__init__.py": "",
    "resolvers/__init__.py": "",
    "schema/__init__.py": "",
    "schema/build.py": "schema = None\n",
}
"""A gateway that only says what it was told, and which file it is."""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")


def commit(repository: Path) -> str:
    """Commits everything in it, and returns the short hash."""
    who = ("-c", "user.name=tests", "-c", "user.email=tests@example.net")
    for command in (("add", "--all"), (*who, "commit", "--quiet", "--message", "Change it")):
        subprocess.run(("git", *command), cwd=repository, check=True)
    shown = subprocess.check_output(("git", "rev-parse", "--short", "HEAD"), cwd=repository)
    return shown.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With one commit, of ``FILES``."""
    folder = tmp_path / "repository"
    write(folder, FILES)
    subprocess.run(("git", "init", "--quiet"), cwd=folder, check=True)
    commit(folder)
    return folder
