"""The gateway that is measured is the folder's, or none is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.commits import start
from benchmarks.servers import ROOT
from tests.benchmarks.commits.conftest import FILES, write

pytestmark = pytest.mark.process


def started(folder: Path) -> subprocess.CompletedProcess[str]:
    """In this environment, where this checkout is installed, and within it."""
    return subprocess.run(
        (sys.executable, "-P", start.__file__, str(folder)),
        cwd=ROOT,
        env={**os.environ, "SLUICE_GRAPH": "schema.build:schema", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_the_folders_gateway_is_started(tmp_path: Path) -> None:
    write(tmp_path, FILES)

    done = started(tmp_path)

    assert (done.stdout, done.stderr) == (f"serve {tmp_path}/gateway/served.py\n", "")


def test_a_folder_by_way_of_a_link_is_the_same(tmp_path: Path) -> None:
    write(tmp_path / "folder", FILES)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "folder")

    done = started(link)

    assert (done.stdout, done.stderr) == (f"serve {tmp_path}/folder/gateway/served.py\n", "")


@pytest.mark.parametrize("package", ["loaders", "resolvers", "schema"])
def test_a_package_of_another_checkout_is_refused(tmp_path: Path, package: str) -> None:
    write(tmp_path, {name: text for name, text in FILES.items() if not name.startswith(package)})

    done = started(tmp_path)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"This would not measure {tmp_path}: ")
    assert f" is imported from {ROOT}/" in done.stderr


def test_a_package_without_init_of_another_checkout_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = ModuleType("here_or_there")
    package.__path__ = [str(tmp_path / "here"), str(tmp_path / "there")]
    monkeypatch.setitem(sys.modules, "here_or_there", package)

    found = start.strangers(tmp_path / "here", frozenset({"here_or_there"}))

    assert list(found) == [f"here_or_there is imported from {tmp_path / 'there'}"]
