"""A commit is measured in a folder of its own, which is there no longer than the measurement."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.commits import checkout
from benchmarks.commits.checkout import exported, is_changed, short_hash, unmet
from benchmarks.servers import ROOT, BenchmarkError
from tests.benchmarks.commits.conftest import FILES, PROJECT, commit, write

pytestmark = pytest.mark.process


def silent(line: str) -> None:
    raise AssertionError(line)


def files(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text("utf-8")
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_the_folder_has_what_was_committed_and_nothing_newer(repository: Path) -> None:
    base = short_hash(repository, "HEAD")
    write(repository, {"gateway/served.py": "newer", "gateway/more.py": "more"})
    commit(repository)
    write(repository, {"gateway/served.py": "newest", "untracked.py": ""})

    with exported(repository, "HEAD~1", silent) as found:
        assert found.name == base
        assert found.python == Path(sys.executable)
        assert files(found.folder) == FILES

    assert not found.folder.parent.exists()


def test_the_folder_goes_when_the_measurement_fails(repository: Path) -> None:
    with pytest.raises(ZeroDivisionError), exported(repository, "HEAD", silent) as found:
        raise ZeroDivisionError

    assert not found.folder.parent.exists()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_folder_goes_with_a_process_that_is_ended(
    repository: Path, tmp_path: Path, name: str
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from benchmarks.commits.__main__ import end_by_signals\n"
        "from benchmarks.commits.checkout import exported\n"
        "end_by_signals()\n"
        "with exported(Path(sys.argv[1]), 'HEAD', print) as found:\n"
        "    print(found.folder, flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        (sys.executable, "-c", script, str(repository)),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().decode().strip())
        was_there = folder.is_relative_to(temporary) and files(folder) == FILES
        process.send_signal(signal.Signals[name])
        process.wait(20)

    assert was_there
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("revision", ["no-such-branch", "--all", "HEAD:gateway"])
def test_what_is_no_commit_is_refused(repository: Path, revision: str) -> None:
    with (
        pytest.raises(BenchmarkError, match=f"^{revision} names no commit "),
        exported(repository, revision, silent),
    ):
        pass


def test_a_tag_names_its_commit(repository: Path) -> None:
    who = ("-c", "user.name=tests", "-c", "user.email=tests@example.net")
    tag = ("git", *who, "tag", "--annotate", "v1", "--message", "One")
    subprocess.run(tag, cwd=repository, check=True)

    assert short_hash(repository, "v1") == short_hash(repository, "HEAD")


def test_a_checkout_is_changed_where_a_file_of_its_commit_is(repository: Path) -> None:
    assert not is_changed(repository)

    write(repository, {"gateway/served.py": "newer"})

    assert is_changed(repository)


def test_this_environment_has_what_this_checkout_pins() -> None:
    assert unmet(ROOT) == []


CLICK = version("click")


@pytest.mark.parametrize(
    ("project", "constraints", "expected"),
    [
        (PROJECT, f"click=={CLICK}", []),
        (PROJECT, "click==1.0", [f"click {CLICK} is installed, not 1.0"]),
        (PROJECT, "Click==1.0  # why", [f"click {CLICK} is installed, not 1.0"]),
        (PROJECT, "pytest==1.0", []),
        (PROJECT.replace("click", "click<2"), "", [f"click {CLICK} is installed, not <2"]),
        (PROJECT.replace("click", "no-such-package"), "", ["no-such-package is not installed"]),
        (PROJECT.replace("click", "no-such-package; sys_platform == 'none'"), "", []),
        # What a dependency needs counts as well.
        (
            PROJECT.replace("click", "starlette"),
            "anyio==1.0",
            [f"anyio {version('anyio')} is installed, not 1.0"],
        ),
        # Kinds of sources may be extras; what only tests and the demo need does not run.
        (
            f'{PROJECT}[project.optional-dependencies]\nmongo = ["no-such-driver"]\n'
            'all = ["sluice[mongo]"]\ndev = ["no-such-linter"]\ndemo = ["no-such-server"]\n',
            "",
            ["no-such-driver is not installed"],
        ),
    ],
)
def test_an_environment_lacks_what_the_gateway_needs_in_another_version(
    tmp_path: Path, project: str, constraints: str, expected: list[str]
) -> None:
    write(tmp_path, {"pyproject.toml": project, "constraints.txt": constraints})

    assert unmet(tmp_path) == expected


def test_other_dependencies_get_an_environment_of_their_own(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repository, {"constraints.txt": "click==1.0\n"})
    base = commit(repository)
    made: list[tuple[Path, Path]] = []

    def make(folder: Path, venv: Path) -> Path:
        made.append((folder, venv))
        return venv / "bin" / "python"

    monkeypatch.setattr(checkout, "_environment", make)
    said: list[str] = []

    with exported(repository, "HEAD", said.append) as found:
        assert found.python == found.folder.parent / "venv" / "bin" / "python"
        assert made == [(found.folder, found.folder.parent / "venv")]

    assert said == [f"Making an environment for {base}: click {CLICK} is installed, not 1.0"]


def test_dependencies_that_cannot_be_installed_are_said(repository: Path) -> None:
    # Nothing is asked of an index: the pin and the dependency exclude each other.
    write(
        repository,
        {
            "pyproject.toml": PROJECT.replace('"click"', '"click==2.0", "click==3.0"'),
            "constraints.txt": "",
        },
    )
    commit(repository)
    said: list[str] = []

    with (
        pytest.raises(BenchmarkError, match=r"^Its dependencies can't be installed:\n  "),
        exported(repository, "HEAD", said.append),
    ):
        pass
