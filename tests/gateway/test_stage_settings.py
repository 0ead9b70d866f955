"""Which classes can be stages, and where they can stand: the setting ``stages``."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.configuration import SettingsError, read_settings
from gateway.stages import OperationRequest, Rest, Send


class Stage:
    async def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None:
        await rest(operation, send)


stage = Stage()


class NoAround: ...


class WrongAround:
    async def around(self, operation: OperationRequest) -> None: ...


class NotAsync:
    def around(self, operation: OperationRequest, send: Send, rest: Rest) -> None: ...


class NeedsMore(Stage):
    def __init__(self, limit: int) -> None: ...


SHAPE = "it must have async def around(self, operation, send, rest)"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("nonsense", "must name a class as package.module:Class"),
        ("no.such:Stage", "no.such:Stage can't be imported: No module named 'no'"),
        (
            f"{__name__}:Nothing",
            f"{__name__}:Nothing can't be imported: module '{__name__}' has no attribute 'Nothing'",
        ),
        (f"{__name__}:stage", f"{__name__}:stage is no class"),
        (f"{__name__}:NoAround", f"{__name__}:NoAround is no stage: {SHAPE}"),
        (f"{__name__}:WrongAround", f"{__name__}:WrongAround is no stage: {SHAPE}"),
        (f"{__name__}:NotAsync", f"{__name__}:NotAsync is no stage: {SHAPE}"),
        (
            f"{__name__}:NeedsMore",
            f"{__name__}:NeedsMore can't be made: it must take no arguments",
        ),
    ],
)
def test_a_class_that_is_no_stage_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gateway.toml").write_text(f'[[stages]]\nstage = "{name}"')

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert str(refused.value).splitlines()[1:] == [f"  stages.0.stage: {fault}"]


def test_a_module_that_breaks_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "breaking.py").write_text("1 / 0")
    (tmp_path / "gateway.toml").write_text('[[stages]]\nstage = "breaking:Stage"')

    with pytest.raises(SettingsError, match="breaking:Stage can't be imported: ZeroDivisionError"):
        read_settings()


def test_a_place_that_there_is_not_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stages = f'[[stages]]\nstage = "{__name__}:Stage"\nbefore = "present"'
    (tmp_path / "gateway.toml").write_text(stages)

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert str(refused.value).splitlines()[1:] == [
        "  stages.0.before: Input should be 'parse' or 'execute'"
    ]


def test_stages_can_stand_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICE_STAGES", f'[{{"stage": "{__name__}:Stage", "before": "parse"}}]')

    [stage] = read_settings().stages

    assert (stage.stage, stage.before) == (f"{__name__}:Stage", "parse")
