"""The ``gateway`` command. Each of its commands is in a file of ``gateway/commands``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from gateway import logs

COMMANDS = {
    "serve": "serving:serve",
    "check": "checking:check",
    "schema": "schema:schema",
    "cost": "costs:cost",
    "migrate": "keys:migrate",
    "keys": "keys:keys",
    "demo": "demo:demo",
    "token": "demo:token",
}
"""Every command: its module, which is imported when the command is run, and its name there."""

PACKAGES = ("gateway", "loaders", "resolvers")
"""What the distribution installs."""


class Commands(click.Group):
    """The commands of ``COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        _refuse_hidden()
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(f"gateway.commands.{module}"), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands)
@click.version_option(package_name="sluice-graphql", prog_name="Sluice")
def main() -> None:
    """One GraphQL graph over PostgreSQL, MongoDB and REST services."""
    # The graph is looked for where the command is run, as Python does for its own commands.
    sys.path.insert(0, "")
    logs.configure()


def _refuse_hidden() -> None:
    """Ends the command where Python would find something else by the name of one of our packages,
    in the folder of the command or on PYTHONPATH."""
    ours = Path(__file__).resolve().parent.parent
    for entry in ("", *sys.path):
        folder = Path(entry).resolve()
        if folder == ours:
            return
        for name in PACKAGES:
            package, module = folder / name, folder / f"{name}.py"
            if module.is_file() or (package.is_dir() and any(package.glob("*.py"))):
                found = module if module.is_file() else package
                click.echo(
                    f"{found} has the name of Sluice's own package '{name}', and one of them hides "
                    "the other. Rename yours, or put it into a package of yours.",
                    err=True,
                )
                sys.exit(1)
