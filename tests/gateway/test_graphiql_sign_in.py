"""The menu "Signed in as" of the GraphiQL page, in a real Chromium against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import strawberry
from playwright.sync_api import Browser, BrowserContext, Locator, expect
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from gateway.graphiql.page import Example, graphiql_routes
from gateway.graphiql.sign_in import SignIn
from tests.browser import GraphiQL, Watch, chromium, served, watch

LABELS = {
    "anonymous": "Anonymous",
    "customer": "A customer (Ada Martin)",
    "support": "Support",
    "finance": "Finance",
}
EXAMPLES = [
    Example(title="Names", query="query Names { customer { name } }"),
    Example(title="Other", query="query Other { customer { name } }"),
]


@strawberry.type(name="Customer")
class PublicCustomer:
    name: str = "Ada"


@strawberry.type(name="Customer")
class FullCustomer:
    name: str = "Ada"
    note: str = strawberry.field(default="", description="For support's eyes.")


@strawberry.type(name="Query")
class PublicQuery:
    customer: PublicCustomer = strawberry.field(resolver=PublicCustomer)


@strawberry.type(name="Query")
class FullQuery:
    customer: FullCustomer = strawberry.field(resolver=FullCustomer)


PUBLIC = strawberry.Schema(PublicQuery)
FULL = strawberry.Schema(FullQuery)


@dataclass
class Server:
    """The page, its tokens, and an endpoint that shows support more of its schema.

    `asked` has for each request to the endpoint what kind it was and its credential.
    """

    url: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    is_down: bool = False
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def page_url(self) -> str:
        return f"{self.url}/graphiql/"

    @property
    def introspections(self) -> list[str | None]:
        return [credential for kind, credential in self.asked if kind == "introspection"]

    @property
    def operations(self) -> list[str | None]:
        return [credential for kind, credential in self.asked if kind == "operation"]

    def issue(self, name: str) -> str | None:
        if self.is_down:
            raise HTTPException(503)
        self.issued.append(name)
        return None if name == "anonymous" else f"{name}-{next(self.numbers)}"

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/graphql", self.answer, methods=["POST"]),
                Mount("/graphiql", routes=self.pages(seconds=900)),
                Mount("/brief", routes=self.pages(seconds=20)),
                Mount("/production", routes=self.pages(seconds=None)),
            ]
        )

    def pages(self, seconds: int | None) -> Any:
        sign_in = SignIn(LABELS, "support", self.issue, seconds) if seconds else None
        return graphiql_routes(
            endpoint="/graphql", title="Shop", examples=EXAMPLES, explain=False, sign_in=sign_in
        )

    async def answer(self, request: Request) -> Response:
        body = await request.json()
        credential = request.headers.get("authorization") or request.headers.get("x-api-key")
        kind = "introspection" if "__schema" in body["query"] else "operation"
        self.asked.append((kind, credential))
        if credential in self.revoked:
            return JSONResponse({"errors": [{"message": "The token is not good."}]}, 401)
        schema = FULL if "support" in (credential or "") else PUBLIC
        result = await schema.execute(body["query"])
        return JSONResponse({"data": result.data})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with served(server.app()) as server.url:
        yield server


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


def menu_button(graphiql: GraphiQL) -> Locator:
    return graphiql.page.get_by_role("button", name="Signed in as")


def items(graphiql: GraphiQL) -> Locator:
    return graphiql.page.get_by_role("menuitemradio")


def failure(graphiql: GraphiQL) -> Locator:
    return graphiql.page.locator(".sluice-sign-in-failure")


def sign_in_as(graphiql: GraphiQL, server: Server, name: str) -> None:
    """Choose from the menu; return when the schema has been asked for anew."""
    before = len(server.introspections)
    menu_button(graphiql).click()
    graphiql.page.get_by_role("menuitemradio", name=LABELS[name], exact=True).click()
    graphiql.wait(lambda: len(server.introspections) > before, "introspection")


def type_headers(graphiql: GraphiQL, text: str) -> None:
    graphiql.show_tools("Headers")
    graphiql.type("headers", text)


def test_the_menu_offers_the_identities_and_marks_the_one_chosen(opened: GraphiQL) -> None:
    menu_button(opened).click()

    assert items(opened).all_inner_texts() == list(LABELS.values())
    checked = opened.page.get_by_role("menuitemradio", checked=True)
    assert checked.all_inner_texts() == ["Support"]


def test_a_new_visitor_is_signed_in_as_the_default(opened: GraphiQL, server: Server) -> None:
    assert menu_button(opened).inner_text().split("\n") == ["Signed in as", "Support"]

    opened.run()

    assert server.asked == [
        ("introspection", "Bearer support-0"),
        ("operation", "Bearer support-0"),
    ]


def test_choosing_an_identity_sends_its_token(opened: GraphiQL, server: Server) -> None:
    sign_in_as(opened, server, "customer")
    opened.run()

    assert "A customer (Ada Martin)" in menu_button(opened).inner_text()
    assert server.operations == ["Bearer customer-1"]


def test_an_identity_without_a_credential_sends_no_header(opened: GraphiQL, server: Server) -> None:
    sign_in_as(opened, server, "anonymous")
    opened.run()

    assert server.introspections[-1] is None
    assert server.operations == [None]


def test_the_menu_works_by_keyboard(opened: GraphiQL, server: Server) -> None:
    menu_button(opened).focus()
    keyboard = opened.page.keyboard
    keyboard.press("Enter")
    expect(items(opened).first).to_be_focused()
    keyboard.press("End")
    expect(items(opened).last).to_be_focused()
    keyboard.press("Enter")

    expect(menu_button(opened)).to_be_focused()
    opened.wait(lambda: server.introspections[-1] == "Bearer finance-1", "introspection")


def test_escape_closes_the_menu_and_changes_nothing(opened: GraphiQL, server: Server) -> None:
    menu_button(opened).press("ArrowDown")
    expect(items(opened).first).to_be_focused()
    opened.page.keyboard.press("Escape")

    expect(items(opened)).to_have_count(0)
    assert "Support" in menu_button(opened).inner_text()
    assert server.issued == ["support"]


def test_every_tab_sends_the_token(opened: GraphiQL, server: Server) -> None:
    sign_in_as(opened, server, "finance")
    opened.choose_tab("Other")
    opened.run()

    assert server.operations == ["Bearer finance-1"]


def test_a_token_is_used_until_it_is_about_to_expire(opened: GraphiQL, server: Server) -> None:
    opened.run()
    opened.run()

    assert server.operations == ["Bearer support-0", "Bearer support-0"]


def test_a_token_about_to_expire_is_renewed_before_the_request(
    graphiql: GraphiQL, server: Server
) -> None:
    graphiql.open(f"{server.url}/brief/")
    graphiql.run()
    graphiql.run()

    assert server.introspections == ["Bearer support-0"]
    assert server.operations == ["Bearer support-1", "Bearer support-2"]


def test_a_token_that_the_server_refused_is_renewed(
    opened: GraphiQL, server: Server, seen: Watch
) -> None:
    seen.allowed_statuses.add(401)
    server.revoked.add("Bearer support-0")

    assert opened.run() == {"errors": [{"message": "The token is not good."}]}
    assert opened.run() == {"data": {"customer": {"name": "Ada"}}}
    assert server.operations == ["Bearer support-0", "Bearer support-1"]


def test_the_documentation_follows_the_identity(opened: GraphiQL, server: Server) -> None:
    opened.show("Documentation Explorer")
    opened.wait_for_pane("All Schema Types")
    opened.page.locator(".graphiql-plugin").get_by_text("Customer", exact=True).click()
    opened.wait_for_pane("For support's eyes")

    sign_in_as(opened, server, "customer")

    text = opened.wait_for_pane(r"(?s)\A(?!.*For support's eyes).*name: String")
    assert "For support's eyes" not in text
    assert server.introspections == ["Bearer support-0", "Bearer customer-1"]


def test_the_explorer_follows_the_identity(opened: GraphiQL, server: Server) -> None:
    opened.show("GraphiQL Explorer")
    note = opened.page.locator(".graphiql-explorer-root").get_by_text("note", exact=True)
    note.wait_for()

    sign_in_as(opened, server, "anonymous")
    note.wait_for(state="detached")

    sign_in_as(opened, server, "support")
    note.wait_for()


def test_a_reload_keeps_the_choice(opened: GraphiQL, server: Server) -> None:
    sign_in_as(opened, server, "customer")
    opened.reload()
    opened.run()

    assert "A customer (Ada Martin)" in menu_button(opened).inner_text()
    assert server.introspections[-1] == server.operations[-1] == "Bearer customer-2"


def test_a_choice_is_kept_for_its_own_browser_tab_alone(
    opened: GraphiQL, server: Server, context: BrowserContext
) -> None:
    sign_in_as(opened, server, "customer")
    other = GraphiQL(context.new_page())
    other.open(server.page_url)

    assert "Support" in menu_button(other).inner_text()


def test_a_choice_that_is_no_longer_offered_gives_way_to_the_default(
    context: BrowserContext, graphiql: GraphiQL, server: Server
) -> None:
    context.add_init_script("sessionStorage.setItem('sluice:signed-in-as', 'auditor')")
    graphiql.open(server.page_url)

    assert "Support" in menu_button(graphiql).inner_text()
    assert server.introspections == ["Bearer support-0"]


def test_no_token_is_stored_or_stands_in_an_address(opened: GraphiQL, server: Server) -> None:
    addresses: list[str] = []
    opened.page.on("request", lambda request: addresses.append(request.url))
    sign_in_as(opened, server, "finance")
    opened.run()
    opened.page.wait_for_timeout(700)  # GraphiQL stores after 500 ms

    kept = opened.page.evaluate("JSON.stringify([localStorage, sessionStorage, history.state])")
    assert "Names" in kept
    assert opened.page.evaluate("({...sessionStorage})") == {"sluice:signed-in-as": "finance"}
    assert opened.text("headers") == ""
    for text in (kept, opened.page.url, *addresses):
        assert "finance-" not in text
        assert "Bearer" not in text


@pytest.mark.parametrize(
    "headers",
    ['{ "authorization": "Bearer typed" }', '{ "X-API-Key": "Bearer typed", }'],
    ids=["authorization", "api-key"],
)
def test_a_typed_credential_wins(opened: GraphiQL, server: Server, headers: str) -> None:
    type_headers(opened, headers)
    opened.run()

    assert server.operations == ["Bearer typed"]
    expect(menu_button(opened)).to_contain_text("this tab's own header")
    menu_button(opened).click()
    expect(opened.page.locator(".sluice-sign-in-note")).to_be_visible()


def test_a_typed_credential_is_that_of_its_tab_alone(opened: GraphiQL, server: Server) -> None:
    type_headers(opened, '{ "Authorization": "Bearer typed" }')
    expect(menu_button(opened)).to_contain_text("this tab's own header")
    opened.choose_tab("Other")
    opened.run()

    expect(menu_button(opened)).to_contain_text("Support")
    assert server.operations == ["Bearer support-0"]


def test_other_typed_headers_go_beside_the_token(opened: GraphiQL, server: Server) -> None:
    type_headers(opened, '{ "X-Trace": "1" }')
    with opened.page.expect_request("**/graphql") as sent:
        opened.run()

    assert sent.value.headers["x-trace"] == "1"
    assert server.operations == ["Bearer support-0"]
    expect(menu_button(opened)).to_contain_text("Support")


def test_the_empty_headers_editor_shows_what_is_sent(opened: GraphiQL, server: Server) -> None:
    opened.show_tools("Headers")
    hint = opened.page.locator(".graphiql-editor-tool .editorPlaceholder:visible")
    expect(hint).to_contain_text('{"Authorization":"Bearer support-0…"}')
    expect(hint).to_contain_text("Sent as “Support”, until you write another here.")

    sign_in_as(opened, server, "anonymous")

    expect(hint).to_have_text("Signed in as “Anonymous”: no Authorization header is sent.")


def test_a_sign_in_that_fails_is_shown_and_nothing_is_sent(
    opened: GraphiQL, server: Server, seen: Watch
) -> None:
    seen.allowed_statuses.add(503)
    server.is_down = True
    menu_button(opened).click()
    items(opened).filter(has_text="Finance").click()

    message = (
        "Signing in as “Finance” failed: the server answered HTTP 503. Choose it again to retry."
    )
    expect(failure(opened)).to_have_text(message)
    assert opened.run() == {"errors": [{"message": message}]}
    assert server.operations == []
    assert server.introspections == ["Bearer support-0"]

    server.is_down = False
    assert "data" in opened.run()
    expect(failure(opened)).to_be_empty()
    assert server.operations == ["Bearer finance-1"]


def test_a_sign_in_without_an_answer_is_shown(opened: GraphiQL, server: Server) -> None:
    opened.page.route("**/sign-in", lambda route: route.abort("connectionrefused"))
    menu_button(opened).click()
    items(opened).filter(has_text="Finance").click()

    expect(failure(opened)).to_have_text(
        "Signing in as “Finance” failed: Failed to fetch. Is the server running? "
        "Choose it again to retry."
    )
    assert server.introspections == ["Bearer support-0"]


def test_a_page_without_identities_has_no_menu(graphiql: GraphiQL, server: Server) -> None:
    graphiql.open(f"{server.url}/production/")
    graphiql.run()

    assert menu_button(graphiql).count() == 0
    assert "Signed in" not in graphiql.page.locator("body").inner_text()
    assert server.asked == [("introspection", None), ("operation", None)]
    assert server.issued == []
