"""The distribution as its users have it: a wheel, in environments of its own, without a network."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import venv
from collections.abc import Collection, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BUILT_FROM = ("gateway", "loaders", "resolvers", "schema", "demo", "pyproject.toml", "README.md",
              "LICENSE")  # fmt: skip

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def build(folder: Path) -> Path:
    """The wheel, built in the folder from what a checkout has."""
    source = folder / "source"
    for name in BUILT_FROM:
        place = ROOT / name
        if place.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(place, source / name, ignore=ignored)
        else:
            shutil.copy(place, source / name)
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder)
    subprocess.run([*PIP, "wheel", *options, source], check=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    return wheel


class Environment:
    """A virtual environment with the wheel, and with the packages that the tests have but those
    in ``without``."""

    def __init__(self, folder: Path, wheel: Path, without: Collection[str] = ()) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self._bin = folder / "bin"
        python = self._bin / "python"
        options = ("--no-deps", "--no-index")
        subprocess.run([*PIP, "--python", python, "install", *options, wheel], check=True)
        borrowed = folder / "borrowed"
        borrowed.mkdir()
        for place in site.getsitepackages():
            for each in Path(place).iterdir():
                if each.name.partition(".")[0] not in without and "sluice" not in each.name:
                    (borrowed / each.name).symlink_to(each)
        (self.packages / "borrowed.pth").write_text(f"{borrowed}\n")

    @property
    def packages(self) -> Path:
        """Where what is installed is."""
        (found,) = self._bin.parent.glob("lib/python*/site-packages")
        return found

    @property
    def gateway(self) -> Path:
        return self._bin / "gateway"

    def run(
        self, *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The gateway command, as in a shell that has nothing of ours in its environment."""
        return subprocess.run(
            [self.gateway, *arguments],
            cwd=cwd,
            env={"PATH": os.defpath, **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
