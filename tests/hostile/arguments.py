"""Arguments: pages, ids, filters, orders, cursors, and lists within lists."""

from __future__ import annotations

import base64

from tests.hostile.requests import MEGABYTE, Hostile, asked, at_once, by_staff

MUCH = "400 OPERATION_TOO_COMPLEX"
REFUSED = "200 BAD_USER_INPUT"
INVALID = "400 GRAPHQL_VALIDATION_FAILED"


def orders(arguments: str) -> str:
    return "{ orders(" + arguments + ") { nodes { id } } }"


def where(argument: object, of: str = "orders") -> tuple[str, object]:
    """A query with that filter, and its variables."""
    kind = {"orders": "Order", "products": "Product", "carriers": "Carrier"}[of]
    query = f"query($where: {kind}Filter) {{ {of}(where: $where) {{ nodes {{ id }} }} }}"
    return query, {"where": argument}


def nots(depth: int) -> object:
    inner: object = {}
    for _ in range(depth):
        inner = {"not": inner}
    return inner


def within(list_: str, times: int) -> str:
    """Lists of objects within each other."""
    opened = f"{list_} {{ " * times
    return "{ " + opened + "id" + " }" * (opened.count("{") + 1)


AFTER = "query($after: String) { orders(after: $after) { nodes { id } } }"
NODE = "query($id: ID!) { node(id: $id) { id } }"
CUSTOMER = "query($email: String) { customer(email: $email) { id } }"

PAGES = [
    Hostile("a page of 101", by_staff(orders("first: 101")), REFUSED),
    Hostile(
        "a page of two thousand million",
        by_staff(orders("first: 2147483647")),
        "200 BAD_USER_INPUT",
    ),
    Hostile("a page beyond 32 bits", by_staff(orders("first: 2147483648")), INVALID),
    Hostile("a page of less than none", by_staff(orders("first: -1")), REFUSED),
    Hostile("a page of half", by_staff(orders("first: 0.5")), INVALID),
    Hostile(
        "the first and the last", by_staff(orders("first: 100, last: 100")), "200 BAD_USER_INPUT"
    ),
    Hostile("before and after", by_staff(orders('after: "a", before: "b"')), REFUSED),
    Hostile(
        "20 pages of 100",
        by_staff(
            "{"
            + "".join(f" a{n}: orders(first: 100) {{ nodes {{ id }} }}" for n in range(20))
            + " }"
        ),
        "200",
        cpu=1.0,
    ),
    Hostile(
        "20 counts of all",
        by_staff(
            "{"
            + "".join(
                f' a{n}: orders(first: 1, where: {{currency: {{ne: "{n}"}}}}) {{ totalCount }}'
                for n in range(20)
            )
            + " }"
        ),
        "200",
        cpu=1.0,
    ),
    Hostile(
        "pages within pages",
        by_staff(within("orders(first: 100) { nodes { customer", 3)),
        MUCH,
    ),
    Hostile(
        "lists within lists",
        by_staff(within("orders(first: 10) { nodes { lines { order { customer", 3)),
        MUCH,
    ),
    Hostile(
        "as much as an operation may cost",
        by_staff("{ orders(first: 100) { nodes { lines { order { lines { id } } } } } }"),
        "200",
        cpu=3.0,
        memory=64 * MEGABYTE,
    ),
    Hostile(
        "that, ten times at once",
        at_once(
            10, by_staff("{ orders(first: 100) { nodes { lines { order { lines { id } } } } } }")
        ),
        "200",
        cpu=20.0,
        hold=0.5,
        memory=256 * MEGABYTE,
    ),
]

IDS = [
    Hostile("an id that is none", asked(NODE, {"id": "a"}), REFUSED),
    Hostile("an id of 900 KB", asked(NODE, {"id": "a" * 900_000}), REFUSED),
    Hostile("an id of zeros", asked(NODE, {"id": "\0" * 1_000}), REFUSED),
    Hostile(
        "20 ids of 40 KB",
        asked(
            "query($id: ID!) {"
            + "".join(f" a{n}: node(id: $id) {{ id }}" for n in range(20))
            + " }",
            {"id": "a" * 40_000},
        ),
        REFUSED,
    ),
    Hostile(
        "101 ids",
        asked("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 101}),
        REFUSED,
    ),
    Hostile(
        "4,900 ids",
        asked("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 4_900}),
        REFUSED,
    ),
    Hostile(
        "20 times 100 ids",
        asked(
            "query($ids: [ID!]!) {"
            + "".join(f" a{n}: nodes(ids: $ids) {{ id }}" for n in range(20))
            + " }",
            {"ids": [f"a{n}" for n in range(100)]},
        ),
        REFUSED,
        cpu=1.0,
        hold=0.5,
    ),
    Hostile(
        "a number of 100 digits for an id",
        asked("{ order(id: " + "9" * 100 + ") { id } }"),
        REFUSED,
    ),
]

CURSORS = [
    Hostile("a cursor of 900 KB", by_staff(AFTER, {"after": "a" * 900_000}), REFUSED),
    Hostile(
        "a cursor of brackets",
        by_staff(AFTER, {"after": base64.urlsafe_b64encode(b"[" * 600_000).decode()}),
        REFUSED,
    ),
    Hostile(
        "a cursor of a large number",
        by_staff(
            AFTER,
            {"after": base64.urlsafe_b64encode(b"12345678[" + b"9" * 100_000 + b"]").decode()},
        ),
        REFUSED,
    ),
    Hostile(
        "21 columns of an order",
        by_staff(orders("orderBy: [" + "{field: PLACED_AT} " * 21 + "]")),
        REFUSED,
    ),
    Hostile(
        "1,000 columns of an order",
        by_staff(orders("orderBy: [" + "{field: TOTAL} " * 500 + "]")),
        REFUSED,
    ),
]

FILTERS = [
    Hostile(
        "1,001 values",
        by_staff(*where({"number": {"in": [f"{n}" for n in range(1_001)]}})),
        REFUSED,
    ),
    Hostile(
        "1,000 values", by_staff(*where({"number": {"in": [f"{n}" for n in range(1_000)]}})), "200"
    ),
    Hostile(
        "1,001 parts",
        by_staff(*where({"or": [{"number": {"eq": f"{n}"}} for n in range(1_001)]})),
        REFUSED,
    ),
    Hostile(
        "900 parts",
        by_staff(*where({"or": [{"number": {"eq": f"{n}"}} for n in range(450)]})),
        "200",
    ),
    Hostile(
        "1,600 parts, 20 times",
        by_staff(
            "query($where: OrderFilter) {"
            + "".join(f" a{n}: orders(where: $where) {{ nodes {{ id }} }}" for n in range(20))
            + " }",
            {"where": {"or": [{"number": {"eq": f"{n}"}} for n in range(1_600)]}},
        ),
        MUCH,
    ),
    Hostile("11 levels", by_staff(*where(nots(11))), REFUSED),
    Hostile("200 levels", by_staff(*where(nots(200))), REFUSED),
    Hostile("1,000 empty ones", by_staff(*where({"and": [{}] * 900})), "200"),
    Hostile(
        "a search for 201 characters",
        by_staff(*where({"name": {"contains": "a" * 201}}, "products")),
        REFUSED,
    ),
    Hostile(
        "a search for wildcards",
        by_staff(*where({"name": {"contains": "%_" * 100}}, "products")),
        "200",
    ),
    Hostile(
        "an expression that backtracks",
        by_staff(*where({"name": {"contains": "(a+)+" * 39 + "$"}}, "products")),
        "200",
    ),
    Hostile(
        "an operator of MongoDB",
        by_staff(*where({"name": {"$where": "sleep(10000)"}}, "products")),
        "400 BAD_USER_INPUT",
    ),
    Hostile(
        "a statement of SQL", by_staff(CUSTOMER, {"email": "'; select pg_sleep(10); --"}), "200"
    ),
    Hostile(
        "a path of a service",
        by_staff("query($code: String!) { carrier(code: $code) { id } }", {"code": "../" * 1_000}),
        REFUSED,
    ),
    Hostile(
        "a path of 900 KB",
        by_staff("query($code: String!) { carrier(code: $code) { id } }", {"code": "a" * 900_000}),
        "200 UPSTREAM_BAD_RESPONSE",
    ),
    Hostile("an email of 900 KB", by_staff(CUSTOMER, {"email": "a" * 900_000}), "200"),
    Hostile("zeros where PostgreSQL has none", by_staff(CUSTOMER, {"email": "\0"}), "200"),
    Hostile(
        "a number that nothing holds",
        by_staff(*where({"total": {"gt": "1e999999999"}})),
        "400 BAD_USER_INPUT",
    ),
    Hostile(
        "a thousand numbers of 6,000 digits",
        by_staff(*where({"total": {"in": [f"1e{n}" for n in range(5_000, 6_000)]}})),
        "200",
        cpu=1.0,
        hold=0.5,
        memory=32 * MEGABYTE,
    ),
    Hostile(
        "900 KB of digits", by_staff(*where({"total": {"gt": "9" * 900_000}})), "400 BAD_USER_INPUT"
    ),
    Hostile(
        "a moment in the year 999999",
        by_staff(*where({"placedAt": {"gt": "999999-01-01T00:00:00Z"}})),
        "400 BAD_USER_INPUT",
    ),
    Hostile(
        "a moment of 900 KB",
        by_staff(*where({"placedAt": {"gt": "2025-01-01T00:00:00." + "9" * 900_000 + "Z"}})),
        "200",
    ),
    Hostile(
        "1,000 moments",
        by_staff(
            *where({"placedAt": {"in": [f"2025-01-01T00:00:00.{n:06}Z" for n in range(1_000)]}})
        ),
        "200",
    ),
    Hostile(
        "filters of a stranger, 50 at once",
        at_once(50, asked(*where({"number": {"in": [f"{n}" for n in range(900)]}}))),
        "200",
        memory=32 * MEGABYTE,
        cpu=3.0,
        hold=0.5,
    ),
]

ROWS = [*PAGES, *IDS, *CURSORS, *FILTERS]
