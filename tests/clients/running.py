"""Scripts in Node.js that ask gateways with a client, set up as docs/clients.md says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.identities import CALLERS, token
from tests.snippets import ROOT

SCRIPTS = Path(__file__).parent / "node"

PAGE = "docs/clients.md"

HERE = "localhost:8000"
"""Where the page has the gateway."""

LONGEST = 120.0
"""Seconds that a script may take."""


def snippets() -> Mapping[str, str]:
    """The page's files, by the names in their first lines."""
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    # Some stand in lists.
    code = [
        textwrap.dedent(block)
        for _, block in re.findall(
            r"^( *)```(?:jsonc?|js|ts|python)\n(.*?)^\1```", page, re.S | re.M
        )
    ]
    named = (re.match(r"(?://|#) (\S+\.\w+)\n", block) for block in code)
    return {each[1]: each.string[each.end() :] for each in named if each is not None}


@dataclass(frozen=True)
class Outcomes:
    """What the scenarios of a script gave, by their names."""

    given: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        outcome = self.given[name]
        assert "error" not in outcome, f"{name} failed: {outcome['error']}"
        return outcome["value"]


@dataclass(frozen=True)
class Node:
    """A folder in which Node.js finds the clients, and the page's files for each of the
    ``gateways``, which are URLs by names."""

    folder: Path
    gateways: Mapping[str, str]

    def set_up(self) -> None:
        (self.folder / "node_modules").symlink_to(SCRIPTS / "node_modules")
        (self.folder / "package.json").write_text('{"type": "module"}')
        for name, url in self.gateways.items():
            for file, code in snippets().items():
                path = self.folder / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(code.replace(HERE, url.removeprefix("http://")))

    async def outcomes(self, script: str, **given: Any) -> Outcomes:
        """What the scenarios of ``node/<script>`` give."""
        printed = await self.run("node", str(SCRIPTS / script), **given)
        return Outcomes(json.loads(printed))

    async def run(self, *command: str, at: str = ".", **given: Any) -> str:
        """What the command prints, which must end well. It runs in the folder ``at`` within ours,
        and finds the programs of the packages."""
        environment = {
            **os.environ,
            "PATH": f"{SCRIPTS / 'node_modules' / '.bin'}:{os.environ['PATH']}",
            "FOLDER": str(self.folder),
            "GIVEN": json.dumps(
                {
                    "gateways": dict(self.gateways),
                    "tokens": {
                        name: None if claims is None else token(**claims)
                        for name, claims in CALLERS.items()
                    },
                    **given,
                }
            ),
        }
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder / at,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            printed, told = await asyncio.wait_for(process.communicate(), LONGEST)
        except BaseException:
            process.kill()
            raise
        assert process.returncode == 0, f"{command}\n{printed.decode()}\n{told.decode()}"
        return printed.decode()
