"""The GraphiQL page, driven in a real Chromium against a real server."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
import pytest
import strawberry
from playwright.sync_api import Browser, BrowserContext
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from gateway.graphiql.page import Example, graphiql_routes
from tests.browser import GraphiQL, Watch, chromium, served, watch

TITLE = "Books </title></script><!-- & {{nonce}} \u2028"
BY_ID = Example(
    title="Book by id",
    query="# One book.\nquery BookById($id: ID!) {\n  book(id: $id) {\n    title\n  }\n}\n",
    variables='{ "id": "2" }',
)
UNNAMED = Example(title="2 books & more", query="# All.\n{\n  books {\n    title\n  }\n}\n")
EXAMPLES = [BY_ID, UNNAMED]
TABS = ["BookById", "Example2BooksMore"]
EXECUTE_AT_ONCE = """(text) => {
    globalThis.__MONACO.editor.getModels()
        .find((model) => model.uri.path.endsWith('operation.graphql')).setValue(text);
    document.querySelector('.graphiql-execute-button').click();
}"""


@strawberry.type(description="A bound volume.")
class Book:
    id: strawberry.ID
    title: str = strawberry.field(description="What is on the spine.")


BOOKS = [Book(id=strawberry.ID("1"), title="Weirs"), Book(id=strawberry.ID("2"), title="Locks")]


@strawberry.type
class Query:
    @strawberry.field
    def books(self) -> list[Book]:
        return BOOKS

    @strawberry.field
    def book(self, id: strawberry.ID) -> Book | None:
        return next((book for book in BOOKS if book.id == id), None)

    @strawberry.field
    def echo(self, text: str) -> str:
        return text


SCHEMA = strawberry.Schema(Query)


@dataclass
class Server:
    """A server with the page and an endpoint, and what that endpoint was asked."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def page_url(self) -> str:
        return f"{self.url}/graphiql/"

    @property
    def operations(self) -> list[str | None]:
        names = [body.get("operationName") for body in self.bodies]
        return [name for name in names if name != "IntrospectionQuery"]

    def app(self) -> Starlette:
        pages = graphiql_routes(endpoint="/graphql", title=TITLE, examples=EXAMPLES, explain=True)
        plain = graphiql_routes(endpoint="/graphql", title="Plain", examples=[], explain=False)
        routes = [
            Route("/graphql", self.answer, methods=["POST"]),
            Mount("/graphiql", routes=pages),
            Mount("/plain", routes=plain),
        ]
        return Starlette(routes=[Mount("/below/a/prefix", routes=routes), *routes])

    async def answer(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        match body.get("operationName"):
            case "BadGateway":
                return HTMLResponse("<h1>Bad gateway</h1>", status_code=502)
            case "Nothing":
                return Response(status_code=200)
            case "Slow":
                await anyio.to_thread.run_sync(self.released.wait)
        result = await SCHEMA.execute(
            body["query"], body.get("variables"), operation_name=body.get("operationName")
        )
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [error.formatted for error in result.errors]
        if "extensions" in body:
            answer["extensions"] = {"asked": body["extensions"]}
        return JSONResponse(answer)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    server = Server()
    with served(server.app()) as server.url:
        yield server
        server.released.set()


@pytest.fixture
def server(running: Server) -> Server:
    running.bodies.clear()
    running.headers.clear()
    running.released.clear()
    return running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture
def seen(context: BrowserContext, server: Server) -> Iterator[Watch]:
    seen = watch(context, server.url)
    yield seen
    seen.assert_clean()


@pytest.fixture
def graphiql(context: BrowserContext, seen: Watch) -> GraphiQL:
    return GraphiQL(context.new_page())


@pytest.fixture
def opened(graphiql: GraphiQL, server: Server) -> GraphiQL:
    graphiql.open(server.page_url)
    return graphiql


def stored_tabs(graphiql: GraphiQL) -> str:
    return str(graphiql.page.evaluate("localStorage.getItem('graphiql:tabState') ?? ''"))


def test_a_new_visitor_finds_the_examples(opened: GraphiQL) -> None:
    assert opened.tabs() == TABS
    assert opened.active_tab() == "BookById"
    assert opened.text("query") == BY_ID.query
    assert opened.text("variables") == BY_ID.variables


def test_the_title_stands_in_the_page_unchanged(opened: GraphiQL) -> None:
    assert opened.page.locator(".sluice-title").text_content() == TITLE
    assert opened.page.evaluate("document.querySelector('title').textContent") == TITLE


def test_an_example_runs_with_its_variables(opened: GraphiQL) -> None:
    assert opened.run() == {"data": {"book": {"title": "Locks"}}}


def test_an_example_without_a_name_gets_one_from_its_title(
    opened: GraphiQL, server: Server
) -> None:
    opened.choose_tab("Example2BooksMore")
    assert opened.text("query") == UNNAMED.query.replace("{", "query Example2BooksMore {", 1)
    assert opened.text("variables") == ""
    assert opened.run() == {"data": {"books": [{"title": "Weirs"}, {"title": "Locks"}]}}
    assert server.operations == ["Example2BooksMore"]


def test_a_query_that_is_typed_runs(opened: GraphiQL, server: Server) -> None:
    opened.type("query", "{ books { id } }")
    assert opened.run() == {"data": {"books": [{"id": "1"}, {"id": "2"}]}}
    assert server.bodies[-1]["query"] == "{ books { id } }"
    assert server.headers[-1]["content-type"] == "application/json"
    assert server.headers[-1]["accept"] == "application/graphql-response+json, application/json"


def test_text_that_looks_like_a_style_attribute_stays_text(opened: GraphiQL) -> None:
    text = """{ echo(text: "<b style='color: red'> style=1") }"""
    opened.type("query", text)
    lines = opened.page.locator(".graphiql-query-editor .view-lines")
    # Monaco draws an edit in a later frame of the page.
    opened.wait(lambda: lines.inner_text().replace("\u00a0", " ").strip() == text, "the text drawn")
    assert opened.run() == {"data": {"echo": "<b style='color: red'> style=1"}}


def test_running_right_behind_an_edit_sends_the_new_operation_name(
    opened: GraphiQL, server: Server
) -> None:
    opened.page.evaluate(EXECUTE_AT_ONCE, "query Renamed { books { id } }")
    opened.answer()
    opened.page.evaluate(EXECUTE_AT_ONCE, "{ books { title } }")
    opened.wait(lambda: "Weirs" in opened.text("response"), "the second answer")
    assert server.operations == ["Renamed", None]


def test_the_documentation_shows_a_type(opened: GraphiQL) -> None:
    opened.show("Documentation Explorer")
    opened.wait_for_pane("All Schema Types")
    opened.page.locator(".graphiql-plugin").get_by_text("Book", exact=True).click()
    text = opened.wait_for_pane("A bound volume")
    assert "What is on the spine." in text


def test_the_explorer_adds_a_field_to_the_query(opened: GraphiQL) -> None:
    opened.show("GraphiQL Explorer")
    opened.wait_for_pane("BookById|book")
    opened.page.locator(".graphiql-explorer-root").get_by_text("id", exact=True).last.click()
    opened.wait(lambda: re.search(r"title\s+id\s", opened.text("query")), "the field")


def test_explain_is_asked_for_while_switched_on(opened: GraphiQL, server: Server) -> None:
    toggle = opened.page.get_by_role("button", name="Explain")
    assert toggle.get_attribute("aria-pressed") == "false"
    assert "extensions" not in opened.run()

    toggle.click()
    assert opened.run()["extensions"] == {"asked": {"explain": True}}

    opened.reload()
    assert toggle.get_attribute("aria-pressed") == "true"
    assert opened.run()["extensions"] == {"asked": {"explain": True}}
    introspections = [body for body in server.bodies if "__schema" in body["query"]]
    assert len(introspections) == 2
    assert not any("extensions" in body for body in introspections)

    toggle.click()
    assert "extensions" not in opened.run()


def test_the_explain_switch_can_be_left_out(graphiql: GraphiQL, server: Server) -> None:
    graphiql.open(f"{server.url}/plain/")
    assert graphiql.page.get_by_role("button", name="Explain").count() == 0
    assert graphiql.text("query").startswith("# Welcome to GraphiQL")


def test_an_answer_that_is_not_json_is_shown_as_an_error(opened: GraphiQL, seen: Watch) -> None:
    seen.allowed_statuses.add(502)
    opened.type("query", "query BadGateway { books { id } }")
    assert opened.run() == {
        "errors": [
            {
                "message": "The answer from /graphql is not GraphQL: "
                "HTTP 502 Bad Gateway, text/html.",
                "extensions": {"status": 502, "body": "<h1>Bad gateway</h1>"},
            }
        ]
    }


def test_an_empty_answer_is_shown_as_an_error(opened: GraphiQL) -> None:
    opened.type("query", "query Nothing { books { id } }")
    message = "The answer from /graphql is not GraphQL: HTTP 200 OK, no content type, empty."
    assert opened.run() == {"errors": [{"message": message, "extensions": {"status": 200}}]}


def test_a_failure_of_the_network_is_shown_as_an_error(opened: GraphiQL) -> None:
    opened.page.route("**/graphql", lambda route: route.abort("connectionrefused"))
    message = "No answer from /graphql: Failed to fetch. Is the server running?"
    assert opened.run() == {"errors": [{"message": message}]}


def test_an_answer_is_not_written_into_the_tab_chosen_since(
    opened: GraphiQL, server: Server
) -> None:
    opened.type("query", "query Slow { books { id } }")
    opened.wait(lambda: opened.tabs() == ["Slow", TABS[1]], "the tab's new title")
    opened.start()
    opened.wait(lambda: server.operations == ["Slow"], "the request")
    opened.choose_tab(TABS[1])
    server.released.set()
    opened.page.wait_for_timeout(300)
    assert opened.text("response") == ""
    assert opened.run()["data"]["books"][0] == {"title": "Weirs"}


def test_a_returning_visitor_finds_their_own_tabs(opened: GraphiQL) -> None:
    opened.type("query", "query Mine { books { id } }")
    opened.wait(lambda: opened.tabs() == ["Mine", TABS[1]], "the tab's new title")
    opened.choose_tab(TABS[1])
    opened.type("query", "query Other { books { title } }")
    opened.wait(lambda: "Mine" in (kept := stored_tabs(opened)) and "Other" in kept, "storage")

    opened.reload()
    assert opened.tabs() == ["Mine", "Other"]
    assert opened.active_tab() == "Other"
    assert opened.text("query") == "query Other { books { title } }"
    opened.choose_tab("Mine")
    assert opened.text("variables") == BY_ID.variables


def test_a_reload_without_an_edit_keeps_the_variables(opened: GraphiQL) -> None:
    opened.wait(lambda: stored_tabs(opened), "storage")
    opened.reload()
    assert opened.tabs() == TABS
    assert opened.text("query") == BY_ID.query
    assert opened.text("variables") == BY_ID.variables


@pytest.mark.parametrize("kept", ['{"tabs":[],"activeTabIndex":0}', "not JSON"])
def test_stored_tabs_that_hold_none_give_way_to_the_examples(
    context: BrowserContext, graphiql: GraphiQL, server: Server, kept: str
) -> None:
    context.add_init_script(f"localStorage.setItem('graphiql:tabState', {json.dumps(kept)})")
    graphiql.open(server.page_url)
    assert graphiql.tabs() == TABS
    assert graphiql.text("variables") == BY_ID.variables


def test_headers_are_sent_but_not_stored(opened: GraphiQL, server: Server) -> None:
    opened.show_tools("Headers")
    opened.type("headers", '{ "Authorization": "Bearer sesame" }')
    assert "data" in opened.run()
    assert server.headers[-1]["authorization"] == "Bearer sesame"
    opened.page.wait_for_timeout(700)  # GraphiQL stores after 500 ms
    assert "BookById" in stored_tabs(opened)
    history = opened.page.evaluate("JSON.parse(localStorage.getItem('graphiql:queries')).queries")
    assert [entry["operationName"] for entry in history] == ["BookById"]
    assert "sesame" not in opened.page.evaluate("JSON.stringify(localStorage)")


def test_the_page_works_below_a_prefix(graphiql: GraphiQL, server: Server) -> None:
    graphiql.open(f"{server.url}/below/a/prefix/graphiql")
    assert graphiql.page.url == f"{server.url}/below/a/prefix/graphiql/"
    assert graphiql.run() == {"data": {"book": {"title": "Locks"}}}


def test_without_javascript_the_page_says_what_it_needs(browser: Browser, server: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    seen = watch(context, server.url)
    page = context.new_page()
    page.goto(server.page_url)
    notice = page.locator(".sluice-noscript")
    assert notice.is_visible()
    assert "needs JavaScript" in notice.inner_text()
    seen.assert_clean()
    context.close()


def test_the_watch_sees_what_the_policy_refuses(opened: GraphiQL, seen: Watch) -> None:
    opened.page.evaluate(
        "document.body.append(document.createRange().createContextualFragment("
        "'<style>b {}</style>'))"
    )
    opened.page.evaluate("fetch('http://elsewhere.test/').catch(() => 0)")
    opened.wait(lambda: len(seen.violations) >= 2, "the violations")
    text = "\n".join(seen.violations)
    assert "style-src-elem" in text
    assert "connect-src" in text
    seen.violations.clear()
    seen.foreign_requests.clear()
