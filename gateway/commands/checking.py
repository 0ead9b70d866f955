"""``gateway check``, and the same check as serving starts."""

from __future__ import annotations

import asyncio
import logging
import sys

import click
import orjson

from gateway import configuration
from gateway.app import load_graph
from gateway.checks.report import Report
from gateway.checks.sources import check as held_against
from gateway.commands.console import UNLOADED, fail, why_not_loaded
from gateway.configuration import SettingsError
from gateway.settings import Settings
from resolvers.checks.faults import DeclarationError
from resolvers.checks.sources.findings import Severity
from resolvers.graph import Graph

SECONDS = 60.0
SECONDS_AT_START = 5.0
"""How long the sources are waited for: a gateway that starts has callers who wait for it."""

FAULTS, UNCHECKED = 1, 2

log = logging.getLogger("sluice.checks")


@click.command()
@click.option("--graph", "name", help="The graph, as package.module:variable.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON: docs/your-own-graph.md has it.")
def check(name: str | None, as_json: bool) -> None:
    """Hold the graph against its settings and its sources.

    Compares every declaration with what the databases and services have: tables, columns, types,
    what can be null, what is unique, labels of enums, indexes, routes. Reads catalogues, and a few
    rows where one source has the keys by which another is asked. Writes nothing.

    A fault is a declaration that can't be kept. A hint works, and slower than it could, or not for
    every value. What can't be told is unknown.

    \b
    Exits with
      0  no faults
      1  faults, or the graph does not load because of its declarations
      2  not checked, and no faults so far: settings that can't be used, no such
         graph, a source that is down or refuses to be asked
    """
    try:
        settings = configuration.read_settings()
    except SettingsError as error:
        fail(str(error), UNCHECKED)
    name = name or settings.graph
    try:
        graph = load_graph(name)
    except DeclarationError as error:
        report = Report.of_refused(error)
    except UNLOADED as error:
        fail(why_not_loaded(name, error), UNCHECKED)
    else:
        report = asyncio.run(held_against(graph, settings, seconds=SECONDS))
    if as_json:
        click.echo(orjson.dumps(report.as_dict(), option=orjson.OPT_INDENT_2).decode())
    else:
        for line in report.lines():
            click.echo(line)
    sys.exit(FAULTS if report.faults else UNCHECKED if report.unreached else 0)


def check_at_start(graph: Graph, settings: Settings) -> None:
    """The same before anything is served, as ``settings.checks`` has it: logs what is wrong, and
    ends the command over faults if they are to be refused. In the process that starts the workers,
    and so once."""
    if settings.checks == "off":
        return
    report = asyncio.run(held_against(graph, settings, seconds=SECONDS_AT_START))
    for each in report.findings:
        # Of what is unknown, that alone which may be known another time.
        if each.severity is Severity.FAULT or each.source in report.unreached:
            log.warning("%s: %s", each.severity, each)
    listed = report.count(Severity.FAULT) + report.count(Severity.HINT)
    log.info(
        "held the graph against its sources: %s%s",
        report.summary,
        "; `gateway check` lists them" if listed else "",
    )
    if report.faults and settings.checks == "refuse":
        fail('The graph has faults, so it is not served, as checks = "refuse" has it.')
