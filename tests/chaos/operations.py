"""What is asked, of which sources, and whether an answer is right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.gateway.edge import head


@dataclass(frozen=True)
class Kind:
    """Operations that ask the same sources; of so many in a hundred, each for one of the values."""

    name: str
    share: int
    sources: frozenset[str]
    query: str
    values: Sequence[str | None] = (None,)


@dataclass(frozen=True)
class Asked:
    """An operation, and the data that are its right answer."""

    kind: Kind
    request: bytes
    right: Any = field(repr=False)


UNAVAILABLE = {"UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT", "UPSTREAM_BAD_RESPONSE"}
"""What a source's failure is called."""

REFUSED = {"RATE_LIMITED", "UPSTREAM_TIMEOUT"}
"""What an operation may be refused as a whole for, while a source holds up many."""


def kinds(
    numbers: Sequence[str],
    codes: Sequence[str],
    stocks: Sequence[str],
    skus: Sequence[str],
    slugs: Sequence[str],
) -> list[Kind]:
    """By the numbers of orders, the codes of carriers, the ids of stocks, the SKUs of products and
    the slugs of categories. Of MongoDB's there are few: the tests' server is slow."""
    shop, catalog, inventory, shipping = "shop", "catalog", "inventory", "shipping"

    def kind(
        name: str, share: int, what: str, values: Sequence[str], *sources: str, of: str = "String!"
    ) -> Kind:
        return Kind(name, share, frozenset(sources), f"query ($v: {of}) {{ {what} }}", values)

    order = "order(number: $v) { number total status lines { sku quantity } }"
    parcel = "order(number: $v) { number shipment { trackingNumber status } }"
    stock = "node(id: $v) { ... on Stock { sku available warehouse } }"
    product = "product(sku: $v) { name stock { available } }"
    page = (
        "order(number: $v) { number shipment { status } "
        "lines { sku product { name stock { available } } } }"
    )
    return [
        Kind("nothing", 5, frozenset(), "{ __typename }"),
        kind("order", 32, order, numbers, shop),
        kind("carrier", 20, "carrier(code: $v) { name phone }", codes, shipping),
        kind("stock", 22, stock, stocks, inventory, of="ID!"),
        kind("parcel", 14, parcel, numbers, shop, shipping),
        kind("category", 4, "category(slug: $v) { name position }", slugs, catalog),
        kind("product", 2, product, skus, catalog, inventory),
        kind("page", 1, page, numbers[:20], shop, catalog, inventory, shipping),
    ]


def request(query: str, variables: object, **headers: str) -> bytes:
    body = orjson.dumps({"query": query, "variables": variables})
    return head(content_length=str(len(body)), **headers) + b"\r\n" + body


def fault_of(asked: Asked, answer: Any, bad: str | None) -> str | None:
    """What is wrong with an answer while that source is ``bad``; None if nothing is.

    Each place is as it should be, or null with a coded error that names that source. Where an
    operation asks it, all of it may be refused.
    """
    if not isinstance(answer, dict):
        return "no object"
    errors: list[dict[str, Any]] = answer.get("errors", [])
    if not errors and answer.get("data") == asked.right:
        return None
    codes = {error["extensions"]["code"] for error in errors}
    if bad not in asked.kind.sources:
        return f"an error of another source: {codes}" if errors else "other data"
    if "data" not in answer or answer["data"] is None:
        return None if codes <= REFUSED else f"refused as {codes}"
    if not codes <= UNAVAILABLE:
        return f"coded as {codes}"
    if strangers := {error["extensions"].get("source") for error in errors} - {bad}:
        return f"errors of {strangers}"
    wrong = places_wrong(asked.right, answer["data"], [tuple(error["path"]) for error in errors])
    return f"wrong at {wrong}" if wrong else None


def places_wrong(
    right: Any, given: Any, errors: Iterable[tuple[str | int, ...]], at: tuple[str | int, ...] = ()
) -> list[tuple[str | int, ...]]:
    """The places that are neither right nor null with an error at or within them."""
    if given == right:
        return []
    if given is None:
        return [] if any(path[: len(at)] == at for path in errors) else [at]
    if isinstance(right, dict) and isinstance(given, dict) and right.keys() == given.keys():
        pairs: Iterable[tuple[str | int, Any]] = right.items()
        return [
            each
            for name, value in pairs
            for each in places_wrong(value, given[name], errors, (*at, name))
        ]
    if isinstance(right, list) and isinstance(given, list) and len(right) == len(given):
        return [
            each
            for index, pair in enumerate(zip(right, given, strict=True))
            for each in places_wrong(*pair, errors, (*at, index))
        ]
    return [at]
