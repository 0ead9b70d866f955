"""The page's menu "Signed in as": whom a visitor of a demo may be, and their tokens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class SignIn:
    """Identities that anybody who reaches the page may take on. For demos alone.

    `labels` has for each identity's name what people read, in the order of the menu, and
    `default` is the name of the one that a new visitor starts as. `issue` is given a name and
    returns a fresh token that is good for `seconds`, or None for who has no credential.
    """

    labels: Mapping[str, str]
    default: str
    issue: Callable[[str], str | None]
    seconds: int

    def __post_init__(self) -> None:
        if self.default not in self.labels:
            raise ValueError(f"the default '{self.default}' is none of the identities")

    @property
    def config(self) -> dict[str, Any]:
        """What the page must know of it."""
        return {
            "url": "sign-in",
            "identities": [{"name": name, "label": text} for name, text in self.labels.items()],
            "default": self.default,
        }


def sign_in_route(sign_in: SignIn) -> Route:
    """`POST sign-in` with `{"as": name}`, answered with `{"token": …, "expiresIn": seconds}`."""

    async def issue(request: Request) -> Response:
        if not _is_same_origin(request):
            return _refused(403, "Only the GraphiQL page of this server may ask for a token.")
        name = await _name(request)
        if name not in sign_in.labels:
            known = ", ".join(sign_in.labels)
            return _refused(400, f'The body must be {{"as": name}} with one of these: {known}.')
        answer = {"token": sign_in.issue(name), "expiresIn": sign_in.seconds}
        return JSONResponse(answer, headers=_HEADERS)

    return Route("/sign-in", issue, methods=["POST"])


def _is_same_origin(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    # Browsers leave that out towards plain http, but on this machine. Who sends neither is none.
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


async def _name(request: Request) -> str:
    try:
        match await request.json():
            case {"as": str(name)}:
                return name
    except (ValueError, RecursionError):
        pass
    return ""


def _refused(status: int, reason: str) -> Response:
    # As gateway/transports/http.py refuses, which this package doesn't know.
    body = {"errors": [{"message": reason, "extensions": {"code": "BAD_USER_INPUT"}}]}
    return JSONResponse(body, status, headers=_HEADERS)
