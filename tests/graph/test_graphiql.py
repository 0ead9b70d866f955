"""The shop, explored in GraphiQL in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from gateway.app import create_app
from gateway.settings import Settings
from tests.browser import GraphiQL, Watch, chromium, served, watch


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def url(source_settings: dict[str, dict[str, Any]]) -> Iterator[str]:
    settings = Settings.of(environment="development", sources=source_settings)
    with served(create_app(settings)) as url:
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

    assert tabs == ["LatestOrders", "ProductPage", "CustomerHistory", "FindProducts"]
    assert all("errors" not in answer for answer in answers.values()), answers
    assert len(answers["LatestOrders"]["data"]["orders"]["nodes"]) == 5
    assert answers["ProductPage"]["data"]["product"]["reviews"]["nodes"]
    assert answers["CustomerHistory"]["data"]["customer"]["name"] == "Ada Martin"
    assert answers["FindProducts"]["data"]["products"]["totalCount"] > 0


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
