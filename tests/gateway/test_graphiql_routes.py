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
from tests.browser import served

TITLE = "Books </title></script><!-- & {{nonce}} \u2028"
EXAMPLES = [
    Example(title="One", query="# {{nonce}}\n{ a }", variables='{ "b": "</script>" }'),
    Example(title="Two", query="{ c }"),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    routes = graphiql_routes(endpoint="/graphql", title=TITLE, examples=EXAMPLES, explain=True)
    with served(Starlette(routes=[Mount("/graphiql", routes=routes)])) as url:
        yield url


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: str


def get(url: str, path: str, **headers: str) -> Reply:
    """GET `path` exactly as written: no client may tidy it."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, fields, response.read().decode("utf-8", "replace"))
    finally:
        connection.close()


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
