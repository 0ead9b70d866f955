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

UNLOADED = (ImportError, AttributeError, TypeError, ValueError)
"""What ``load_graph`` raises."""


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
    except UNLOADED as error:
        fail(why_not_loaded(name, error))


def why_not_loaded(name: str | None, error: Exception) -> str:
    """What to tell of a graph that can't be loaded, from one of ``UNLOADED``."""
    if isinstance(error, ImportError):
        return f"The graph '{name}' can't be loaded: {missing_driver(error) or error}"
    return f"The graph '{name}' can't be loaded: {error}" if name else f"{error} Or give --graph."


def fail(message: str, code: int = 1) -> NoReturn:
    """Ends the command, with what the user can do about it."""
    click.echo(message, err=True)
    sys.exit(code)
