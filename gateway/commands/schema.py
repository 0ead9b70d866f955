"""``gateway schema``: the schema as a file."""

from __future__ import annotations

from pathlib import Path

import click
from graphql import GraphQLError, build_schema, find_breaking_changes, find_dangerous_changes

from gateway.commands.console import fail, load, read_settings


@click.group()
def schema() -> None:
    """The graph's schema, in the schema definition language."""


@schema.command("print")
@click.option("--graph", help="The graph, as package.module:variable.")
def schema_print(graph: str | None) -> None:
    """Print the schema."""
    click.echo(_schema_text(graph), nl=False)


@schema.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--graph", help="The graph, as package.module:variable.")
def schema_check(file: Path, graph: str | None) -> None:
    """Compare FILE with the schema, and name the changes that break clients.

    Exits with 1 if they differ.
    """
    was, now = file.read_text(encoding="utf-8"), _schema_text(graph)
    if was == now:
        click.echo(f"{file} is the schema of the graph.")
        return
    try:
        old = build_schema(was)
    except GraphQLError as error:
        fail(f"{file} is no schema: {error.message}")
    new = build_schema(now)
    for breaking in find_breaking_changes(old, new):
        click.echo(f"breaking: {breaking.description}")
    for dangerous in find_dangerous_changes(old, new):
        click.echo(f"dangerous: {dangerous.description}")
    fail(f"{file} is not the schema of the graph. `gateway schema print` has it.")


def _schema_text(graph: str | None) -> str:
    return load(graph or read_settings().graph).as_str() + "\n"
