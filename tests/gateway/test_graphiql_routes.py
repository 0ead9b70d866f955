"""What the routes of the GraphiQL page answer over HTTP, and how examples are loaded."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from gateway.graphiql.page import STATIC, Example, graphiql_routes, load_examples
from gateway.graphiql.sign_in import SignIn
from tests.browser import served

TITLE = "Books </title></script><!-- & {{nonce}} \u2028"
SIGN_IN = SignIn(
    labels={"anonymous": "Anonymous", "support": "Support </script>"},
    default="support",
    issue={"anonymous": None, "support": "the-token"}.__getitem__,
    seconds=900,
)
EXAMPLES = [
    Example(title="One", query="# {{nonce}}\n{ a }", variables='{ "b": "</script>" }'),
    Example(title="Two", query="{ c }"),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    routes = graphiql_routes(endpoint="/graphql", title=TITLE, examples=EXAMPLES, explain=True)
    with served(Starlette(routes=[Mount("/graphiql", routes=routes)])) as url:
        yield url


@pytest.fixture(scope="module")
def demo_url() -> Iterator[str]:
    routes = graphiql_routes(
        endpoint="/graphql", title="T", examples=[], explain=False, sign_in=SIGN_IN
    )
    with served(Starlette(routes=[Mount("/graphiql", routes=routes)])) as url:
        yield url


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: str


def get(url: str, path: str, **headers: str) -> Reply:
    return send("GET", url, path, headers=headers)


def send(
    method: str, url: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Reply:
    """Send a request for `path` exactly as written: no client may tidy it."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, fields, response.read().decode("utf-8", "replace"))
    finally:
        connection.close()


def sign_in(url: str, body: bytes, **headers: str) -> Reply:
    return send("POST", url, "/graphiql/sign-in", body, headers)


def nonce_of(reply: Reply) -> str:
    match = re.search(r"'nonce-([^']+)'", reply.headers["content-security-policy"])
    assert match
    return match[1]


def config_of(reply: Reply) -> Any:
    match = re.search(
        r'<script type="application/json" id="config"[^>]*>(.*?)</script>', reply.body
    )
    assert match
    return json.loads(match[1])


def test_the_page_has_its_headers(url: str) -> None:
    reply = get(url, "/graphiql/")
    nonce = nonce_of(reply)
    names = (
        "content-type",
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "cache-control",
        "x-frame-options",
        "cross-origin-opener-policy",
    )
    assert {name: reply.headers[name] for name in names} == {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "default-src 'none'; script-src 'self'; "
        f"style-src 'self' 'nonce-{nonce}'; worker-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
    }


def test_each_response_has_a_nonce_of_its_own(url: str) -> None:
    replies = [get(url, "/graphiql/") for _ in range(3)]
    nonces = [nonce_of(reply) for reply in replies]
    assert len(set(nonces)) == 3
    assert all(len(nonce) >= 22 for nonce in nonces)
    for reply, nonce in zip(replies, nonces, strict=True):
        assert f'<meta property="csp-nonce" nonce="{nonce}">' in reply.body


def test_the_configuration_cannot_leave_its_block(url: str) -> None:
    reply = get(url, "/graphiql/")
    assert config_of(reply) == {
        "endpoint": "../graphql",
        "title": TITLE,
        "examples": [
            {"title": e.title, "query": e.query, "variables": e.variables, "headers": ""}
            for e in EXAMPLES
        ],
        "explain": True,
    }
    block = reply.body.split('id="config"')[1].split(">", 1)[1].split("</script>")[0]
    assert not set(block) & set("<>&\u2028\u2029")
    # Neither the title nor the examples can ask for the nonce.
    assert block.count("{{nonce}}") == 2
    assert nonce_of(reply) not in block


def test_a_subscription_url_is_passed_on() -> None:
    routes = graphiql_routes(
        endpoint="/graphql", title="T", examples=[], explain=False, subscription_url="/graphql"
    )
    with served(Starlette(routes=[Mount("/graphiql", routes=routes)])) as url:
        config = config_of(get(url, "/graphiql/"))
    assert config["subscriptionUrl"] == "../graphql"


def test_the_identities_are_passed_on_without_their_tokens(demo_url: str) -> None:
    reply = get(demo_url, "/graphiql/")
    assert config_of(reply)["signIn"] == {
        "url": "sign-in",
        "identities": [
            {"name": "anonymous", "label": "Anonymous"},
            {"name": "support", "label": "Support </script>"},
        ],
        "default": "support",
    }
    assert "the-token" not in reply.body


@pytest.mark.parametrize(
    ("name", "token"), [("support", "the-token"), ("anonymous", None)], ids=["some", "none"]
)
def test_who_signs_in_gets_a_token_that_nobody_caches(
    demo_url: str, name: str, token: str | None
) -> None:
    reply = sign_in(demo_url, json.dumps({"as": name}).encode())
    assert reply.status == 200
    assert json.loads(reply.body) == {"token": token, "expiresIn": 900}
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'"support"',
        b"{}",
        b'{"as": null}',
        b'{"as": ["support"]}',
        b'{"as": "auditor"}',
        b'{"as": ""}',
        b'{"as": "\\ud800"}',
    ],
    ids=[
        "empty",
        "cut off",
        "not UTF-8",
        "deep",
        "a text",
        "without a name",
        "null",
        "a list",
        "unknown",
        "empty name",
        "half a character",
    ],
)
def test_a_sign_in_as_nobody_known_is_refused(demo_url: str, body: bytes) -> None:
    reply = sign_in(demo_url, body)
    message = 'The body must be {"as": name} with one of these: anonymous, support.'
    assert reply.status == 400
    assert json.loads(reply.body) == {
        "errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}]
    }
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://elsewhere.test"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ],
    ids=["cross-site", "same-site", "no site", "another origin", "null origin", "no origin"],
)
def test_another_site_gets_no_token(demo_url: str, headers: dict[str, str]) -> None:
    reply = sign_in(demo_url, b'{"as": "support"}', **headers)
    assert reply.status == 403
    [error] = json.loads(reply.body)["errors"]
    assert error == {
        "message": "Only the GraphiQL page of this server may ask for a token.",
        "extensions": {"code": "BAD_USER_INPUT"},
    }
    assert "the-token" not in reply.body


def test_the_pages_own_origin_gets_a_token(demo_url: str) -> None:
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": demo_url}):
        assert sign_in(demo_url, b'{"as": "support"}', **headers).status == 200


def test_a_token_is_not_to_be_had_by_get(demo_url: str) -> None:
    assert get(demo_url, "/graphiql/sign-in?as=support").status == 405


def test_without_identities_there_is_no_sign_in(url: str) -> None:
    assert sign_in(url, b'{"as": "support"}').status == 404
    assert "signIn" not in get(url, "/graphiql/").body


def test_a_default_that_is_none_of_the_identities_is_an_error() -> None:
    with pytest.raises(ValueError, match="the default 'auditor' is none of the identities"):
        SignIn(labels={"support": "Support"}, default="auditor", issue=str, seconds=900)


def test_assets_are_cached_for_good(url: str) -> None:
    for asset in sorted((STATIC / "assets").iterdir()):
        assert re.search(r"-[\w-]{8}\.\w+$", asset.name), "not named by its contents"
        reply = get(url, f"/graphiql/assets/{asset.name}")
        assert reply.status == 200
        assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert reply.headers["x-content-type-options"] == "nosniff"

    again = get(url, f"/graphiql/assets/{asset.name}", **{"If-None-Match": reply.headers["etag"]})
    assert again.status == 304
    assert again.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path",
    [
        "/graphiql/assets/../index.html",
        "/graphiql/assets/..%2findex.html",
        "/graphiql/assets/%2e%2e/%2e%2e/page.py",
        "/graphiql/assets/..%5cindex.html",
        "/graphiql/assets//etc/passwd",
        "/graphiql/assets/%00",
        "/graphiql/assets/",
        "/graphiql/index.html",
    ],
)
def test_nothing_outside_the_assets_is_served(url: str, path: str) -> None:
    assert get(url, path).status == 404


def test_the_path_without_its_slash_redirects(url: str) -> None:
    reply = get(url, "/graphiql")
    assert reply.status == 307
    assert urlsplit(reply.headers["location"]).path == "/graphiql/"


def test_the_licences_of_what_is_bundled_are_served(url: str) -> None:
    reply = get(url, "/graphiql/licenses.txt")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["x-content-type-options"] == "nosniff"
    for name in ("graphiql", "graphql", "react", "monaco-editor", "picomatch-browser"):
        assert re.search(rf"^{name} \d", reply.body, re.MULTILINE)
    assert "NOTICES AND INFORMATION" in reply.body


def test_the_bundle_refers_to_no_other_host() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert "://" not in page
    for sheet in (STATIC / "assets").glob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"url\(\W*(https?:|//)|@import", text)
        assert "data:font" not in text


def test_examples_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "10-late_orders.graphql").write_text("# Late.\n{ b }\n", encoding="utf-8")
    (tmp_path / "02-one-order.graphql").write_text("{ a }", encoding="utf-8")
    (tmp_path / "02-one-order.variables.json").write_text('{ "id": "é" }\n', encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not an example", encoding="utf-8")
    assert load_examples(tmp_path) == [
        Example(title="One order", query="{ a }", variables='{ "id": "é" }'),
        Example(title="Late orders", query="# Late.\n{ b }\n"),
    ]


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_variables_that_are_no_json_object_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.graphql").write_text("{ a }", encoding="utf-8")
    (tmp_path / "a.variables.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.variables\.json"):
        load_examples(tmp_path)


def test_a_folder_of_examples_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_examples(tmp_path / "nowhere")
