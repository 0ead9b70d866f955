"""What all commands share: how they read the settings, and how they end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click
from pydantic import ValidationError

from gateway.settings import Settings

DEMO_FOLDER = Path(".demo")


def read_settings() -> Settings:
    """The settings of this folder and environment; ends the command if they can't be used."""
    try:
        return Settings()
    except ValidationError as error:
        # The input is left out: it can be a secret.
        lines = (
            f"  {'.'.join(str(step) for step in each['loc'])}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        )
        fail("The settings can't be used:\n" + "\n".join(lines))


def fail(message: str) -> NoReturn:
    """Ends the command, with what the user can do about it."""
    click.echo(message, err=True)
    sys.exit(1)
