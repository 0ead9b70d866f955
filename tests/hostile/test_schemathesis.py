"""Operations that schemathesis makes of the schema, as the running gateway tells it.

There are 300, always the same; with SCHEMATHESIS=thorough 3,000, each time others.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import schemathesis
from graphql import StringValueNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from tests.hostile.serving import Target, target
from tests.identities import auth

pytestmark = pytest.mark.process

_thorough = os.environ.get("SCHEMATHESIS") == "thorough"

CODES = {
    "BAD_USER_INPUT",
    "GRAPHQL_VALIDATION_FAILED",
    "OPERATION_TOO_COMPLEX",
    "UPSTREAM_BAD_RESPONSE",
}
"""What may be wrong with an operation that fits the schema."""

TEXTS = {
    "Date": st.dates().map(str),
    "DateTime": st.datetimes(timezones=st.just(None)).map(lambda at: f"{at.isoformat()}Z"),
    "Decimal": st.decimals(allow_nan=False, allow_infinity=False).map(str),
    "URL": st.just("https://shop.example.com/a"),
}
for _name, _texts in TEXTS.items():
    schemathesis.graphql.scalar(_name, _texts.map(lambda text: StringValueNode(value=text)))


@pytest.fixture
async def shop(
    tmp_path_factory: pytest.TempPathFactory, source_settings: dict[str, dict[str, Any]]
) -> AsyncIterator[Target]:
    folder = tmp_path_factory.mktemp("schemathesis")
    async with target(folder, sources=source_settings, auth=auth()) as shop:
        yield shop


async def test_operations_that_fit_the_schema_are_answered_or_refused(shop: Target) -> None:
    codes = await asyncio.to_thread(tried, shop)

    assert codes[None] > codes.total() / 10, "hardly anything is answered"
    assert set(codes) - {None} <= CODES
    assert "Traceback" not in shop.served.logged


def tried(shop: Target) -> Counter[str | None]:
    """How often each code was answered; None stands for answers without an error."""
    url = f"http://127.0.0.1:{shop.served.port}/graphql"
    schema = schemathesis.graphql.from_url(url, headers=dict(shop.staff))
    cases = [
        each.ok().as_strategy() for each in schema.get_all_operations() if isinstance(each, Ok)
    ]
    codes = Counter[str | None]()

    @settings(
        max_examples=3_000 if _thorough else 300,
        deadline=None,
        database=None,
        derandomize=not _thorough,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(cases))
    def run(case: Any) -> None:
        response = case.call(headers=dict(shop.staff))
        assert response.status_code < 500, response.text
        errors = response.json().get("errors", [])
        codes.update({error["extensions"]["code"] for error in errors} or {None})

    run()
    return codes
