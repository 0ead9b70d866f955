"""What both REST services share: their JSON, their health, and how they are run."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response


class Json(Response):
    """A JSON response; its times are in UTC, with a Z."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, option=orjson.OPT_UTC_Z)


def error(status: int, code: str, **details: object) -> Json:
    return Json({"error": code, **details}, status)


async def healthz(request: Request) -> Response:
    return Json({"status": "ok"})


def now() -> datetime:
    return datetime.now(UTC)


def run(create_app: Callable[[Path | None], Starlette]) -> None:
    """Serves an app where the command line says, until SIGTERM or SIGINT. What it keeps is in the
    file, if one is given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    config = uvicorn.Config(
        create_app(arguments.file),
        arguments.host,
        arguments.port,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run()
