"""What all commands share: how they read the settings, and how they end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from gateway import configuration
from gateway.app import load_graph
from gateway.settings import Settings
from loaders.kinds import missing_driver
from resolvers.graph import Graph

DEMO_FOLDER = Path(".demo")


def read_settings() -> Settings:
    """The settings of this folder and environment; ends the command if they can't be used."""
    try:
        return configuration.read_settings()
    except configuration.SettingsError as error:
        fail(str(error))


def load(name: str | None) -> Graph:
    """The graph by its name in the settings; ends the command if it can't be loaded."""
    try:
        return load_graph(name)
    except ImportError as error:
        fail(f"The graph '{name}' can't be loaded: {missing_driver(error) or error}")
    except (AttributeError, TypeError, ValueError) as error:
        fail(
            f"The graph '{name}' can't be loaded: {error}" if name else f"{error} Or give --graph."
        )


def fail(message: str) -> NoReturn:
    """Ends the command, with what the user can do about it."""
    click.echo(message, err=True)
    sys.exit(1)
