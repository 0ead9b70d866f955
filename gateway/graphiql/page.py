"""The GraphiQL page as Starlette routes: its HTML, its headers and its bundle."""

import asyncio
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.compression import ENCODINGS, encoding_for
from gateway.graphiql.sign_in import SignIn, sign_in_route

STATIC = Path(__file__).parent / "static"

# Monaco makes <style> elements, hence the nonce. In CSP3 'self' covers a WebSocket to the same
# origin; a host source would have to be taken from the request, which a client can forge.
_CSP = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self' 'nonce-{nonce}'; "
    "worker-src 'self'; "
    "connect-src 'self'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)
_PAGE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # A cached page would repeat its nonce.
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_ASSET_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # An asset's name has a hash of its contents.
    "Cache-Control": "public, max-age=31536000, immutable",
}
_NOTICE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class Example:
    """One of the tabs that a new visitor finds open.

    `variables` is the text of a JSON object, or empty. GraphiQL names a tab after its operation;
    an operation without a name is given one made of `title`.
    """

    title: str
    query: str
    variables: str = ""


def load_examples(folder: Path) -> list[Example]:
    """Return an example for each `*.graphql` file in `folder`, in the order of their names.

    The title is the file's name without its number: `02-late-orders.graphql` is "Late orders".
    The query is the file's text, comments included. `02-late-orders.variables.json` beside it,
    where there is one, holds the variables. Raises OSError when `folder` cannot be read, and
    ValueError, with the file's path, when its variables aren't a JSON object.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix == ".graphql")
    return [
        Example(
            title=_title_of(path),
            query=path.read_text(encoding="utf-8"),
            variables=_read_variables(path.with_suffix(".variables.json")),
        )
        for path in files
    ]


def graphiql_routes(
    *,
    endpoint: str,
    title: str,
    examples: Sequence[Example],
    explain: bool,
    subscription_url: str | None = None,
    sign_in: SignIn | None = None,
) -> list[BaseRoute]:
    """Return the routes of the page, to be mounted one level below the root of the application.

    That is `Mount("/graphiql", routes=graphiql_routes(...))`. `endpoint` is the path of the
    GraphQL endpoint, and `subscription_url` that of its WebSocket, from the application's root
    ("/graphql"); the page refers to them relative to itself, so it works below any prefix.
    `explain` offers the switch that adds `"extensions": {"explain": true}` to requests, and
    `sign_in` the menu of whom to make them as; without it there is no menu and nobody gets a
    token. Raises FileNotFoundError when the bundle has not been built.
    """
    config = {
        "endpoint": _from_page(endpoint),
        "title": title,
        "examples": [{**asdict(example), "headers": ""} for example in examples],
        "explain": explain,
    }
    if subscription_url is not None:
        config["subscriptionUrl"] = _from_page(subscription_url)
    if sign_in is not None:
        config["signIn"] = sign_in.config
    # Split at the nonce before anything is filled in: no title or example can then ask for it.
    template = (STATIC / "index.html").read_text(encoding="utf-8").split("{{nonce}}")
    values = {"title": escape(title), "config": _script_json(config)}
    parts = [_fill(part, values) for part in template]

    async def page(request: Request) -> Response:
        nonce = secrets.token_urlsafe(18)
        headers = {**_PAGE_HEADERS, "Content-Security-Policy": _CSP.format(nonce=nonce)}
        return HTMLResponse(nonce.join(parts), headers=headers)

    async def licenses(request: Request) -> Response:
        return FileResponse(
            STATIC / "licenses.txt",
            media_type="text/plain; charset=utf-8",
            headers=_NOTICE_HEADERS,
        )

    return [
        Route("/", page),
        Route("/licenses.txt", licenses),
        Mount("/assets", _Assets(directory=STATIC / "assets")),
        *([sign_in_route(sign_in)] if sign_in is not None else []),
    ]


class _Assets(StaticFiles):
    """The bundle, compressed where that makes it smaller, once for all requests."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if isinstance(response, FileResponse) and response.status_code == 200:
            response.headers["vary"] = "Accept-Encoding"
            encoding = encoding_for(Request(scope))
            if encoding is not None and scope["method"] == "GET" and not _is_partial(scope):
                body = await asyncio.to_thread(_compressed, str(response.path), encoding)
                headers = MutableHeaders(raw=response.raw_headers)
                del headers["content-length"]
                del headers["etag"]
                response = Response(body, headers=headers)
                response.headers["content-encoding"] = encoding
        response.headers.update(_ASSET_HEADERS)
        return response


def _is_partial(scope: Scope) -> bool:
    return any(name == b"range" for name, _ in scope["headers"])


@lru_cache
def _compressed(path: str, encoding: str) -> bytes:
    return ENCODINGS[encoding](Path(path).read_bytes())


def _from_page(path: str) -> str:
    return f"..{path}" if path.startswith("/") else path


def _fill(template: str, values: Mapping[str, str]) -> str:
    # In one pass, so that what is filled in is not searched for placeholders.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


def _script_json(value: object) -> str:
    """JSON that can stand in a <script> element: no tag, comment or line separator survives."""
    text = json.dumps(value, ensure_ascii=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _title_of(path: Path) -> str:
    words = re.sub(r"^\d+[-_. ]+", "", path.stem).replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _read_variables(path: Path) -> str:
    if not path.exists():
        return ""
    text = path.read_text(encoding="utf-8").strip()
    try:
        valid = isinstance(json.loads(text), dict)
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    if not valid:
        raise ValueError(f"{path}: variables are a JSON object")
    return text
