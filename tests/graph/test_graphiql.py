"""The shop, explored in GraphiQL in a real browser by those whom the demo knows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser

from demo.identities import IDENTITIES, LABELS, SECONDS
from gateway.app import create_app
from gateway.graphiql.sign_in import SignIn
from gateway.settings import Settings
from tests.browser import GraphiQL, Watch, chromium, served, watch
from tests.identities import token


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    def issue(name: str) -> str | None:
        claims: Mapping[str, Any] | None = IDENTITIES[name]
        return None if claims is None else token(SECONDS, **claims)

    sign_in = SignIn(LABELS, default="support", issue=issue, seconds=SECONDS)
    with served(create_app(settings, sign_in=sign_in)) as url:
        yield url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[tuple[GraphiQL, Watch]]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    watched = watch(context, url)
    graphiql = GraphiQL(context.new_page())
    graphiql.open(f"{url}/")
    yield graphiql, watched
    watched.assert_clean()
    context.close()


def test_every_example_runs_as_it_stands(page: tuple[GraphiQL, Watch]) -> None:
    graphiql, _ = page
    tabs = graphiql.tabs()
    answers = {}

    for tab in tabs:
        graphiql.choose_tab(tab)
        answers[tab] = graphiql.run()

    who = answers.pop("WhoMaySeeWhat")
    assert [*answers] == ["LatestOrders", "ProductPage", "CustomerHistory", "FindProducts"]
    assert all("errors" not in answer for answer in answers.values()), answers
    assert [error["path"] for error in who["errors"]] == [
        ["products", "nodes", 0, "cost"],
        ["products", "nodes", 1, "cost"],
    ]
    assert who["data"]["orders"]["totalCount"] > 0
    assert len(answers["LatestOrders"]["data"]["orders"]["nodes"]) == 5
    assert answers["ProductPage"]["data"]["product"]["reviews"]["nodes"]
    assert answers["CustomerHistory"]["data"]["customer"]["name"] == "Ada Martin"
    assert answers["FindProducts"]["data"]["products"]["totalCount"] > 0


def test_a_customer_sees_their_own_history(page: tuple[GraphiQL, Watch]) -> None:
    graphiql, _ = page

    sign_in_as(graphiql, "customer")
    graphiql.choose_tab("CustomerHistory")
    answer = graphiql.run()

    assert "errors" not in answer
    assert answer["data"]["viewer"]["name"] == answer["data"]["customer"]["name"] == "Ada Martin"
    assert answer["data"]["customer"]["orders"]["nodes"]
    assert answer["data"]["customer"]["reviews"]["nodes"]


def test_a_query_is_typed_and_run(page: tuple[GraphiQL, Watch]) -> None:
    graphiql, _ = page

    graphiql.type("query", '{ product(sku: "KET-0001") { sku } }')

    assert graphiql.run() == {"data": {"product": {"sku": "KET-0001"}}}


def test_the_documentation_tells_of_a_field(page: tuple[GraphiQL, Watch]) -> None:
    graphiql, _ = page

    graphiql.show("Documentation Explorer")
    graphiql.wait_for_pane("Query")
    graphiql.page.locator(".graphiql-plugin").get_by_text("Query", exact=True).first.click()

    graphiql.wait_for_pane("All orders, the newest first")


def test_explain_shows_the_calls_to_the_sources(page: tuple[GraphiQL, Watch]) -> None:
    graphiql, _ = page

    graphiql.page.get_by_role("button", name="Explain").click()
    answer = graphiql.run()

    assert {call["source"] for call in answer["extensions"]["explain"]["calls"]} == {
        "shop",
        "catalog",
        "inventory",
        "shipping",
    }


def test_the_answer_is_that_of_who_is_signed_in(page: tuple[GraphiQL, Watch]) -> None:
    graphiql, _ = page
    graphiql.type(
        "query",
        "{ orders { totalCount } viewer { name }"
        " customers(first: 1, orderBy: {field: CREATED_AT}) { nodes { lifetimeValue } } }",
    )

    support = graphiql.run()
    sign_in_as(graphiql, "partner")
    partner = graphiql.run()
    sign_in_as(graphiql, "anonymous")
    anonymous = graphiql.run()

    assert "errors" not in support
    ((known,), (hidden,), none) = (
        each["data"]["customers"]["nodes"] for each in (support, partner, anonymous)
    )
    assert known["lifetimeValue"] is not None
    assert hidden == {"lifetimeValue": None}
    assert none == []
    assert {each["data"]["viewer"] for each in (support, partner, anonymous)} == {None}
    assert code_of(partner) == "UNAUTHORIZED_FIELD_OR_TYPE"
    assert "errors" not in anonymous
    orders = [each["data"]["orders"]["totalCount"] for each in (support, partner, anonymous)]
    assert orders[0] > orders[1] > orders[2] == 0


def test_explain_shows_what_was_denied(page: tuple[GraphiQL, Watch]) -> None:
    graphiql, _ = page
    sign_in_as(graphiql, "partner")
    graphiql.page.get_by_role("button", name="Explain").click()
    graphiql.type("query", "{ orders(first: 1) { nodes { number internalNote } } }")

    explain = graphiql.run()["extensions"]["explain"]

    assert [each["coordinate"] for each in explain["denied"]] == ["Order.internalNote"]
    assert all("internal_note" not in json.dumps(call) for call in explain["calls"])


def test_the_documentation_shows_what_who_is_signed_in_may_query(
    page: tuple[GraphiQL, Watch],
) -> None:
    graphiql, _ = page
    graphiql.show("Documentation Explorer")
    graphiql.wait_for_pane("Query")
    graphiql.page.locator(".graphiql-plugin").get_by_text("Order", exact=True).click()
    graphiql.wait_for_pane("internalNote")

    sign_in_as(graphiql, "partner")
    graphiql.wait(
        lambda: "partnerId" in (text := graphiql.pane()) and "internalNote" not in text,
        "the partner's schema",
    )

    sign_in_as(graphiql, "support")
    graphiql.wait_for_pane("internalNote")


def sign_in_as(graphiql: GraphiQL, name: str) -> None:
    graphiql.page.get_by_role("button", name="Signed in as").click()
    graphiql.page.get_by_role("menuitemradio", name=LABELS[name], exact=True).click()


def code_of(answer: dict[str, Any]) -> object:
    return answer["errors"][0]["extensions"]["code"]
