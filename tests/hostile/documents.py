"""Documents: their tokens, their shape, what they spread and what they say of the schema."""

from __future__ import annotations

from graphql import get_introspection_query

from tests.hostile.requests import MEGABYTE, Hostile, asked, at_once, by_staff

NONE = "400 GRAPHQL_PARSE_FAILED"
INVALID = "400 GRAPHQL_VALIDATION_FAILED"
MUCH = "400 OPERATION_TOO_COMPLEX"


def many(count: int, what: str, joined: str = " ") -> str:
    """As many of it, each with its number in place of the N."""
    return joined.join(what.replace("N", str(number)) for number in range(count))


def chain(count: int) -> str:
    """Fragments of which each spreads the next."""
    last = f"fragment F{count} on Query {{ __typename }}"
    spreads = (f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(count))
    return " ".join(["{ ...F0 }", *spreads, last])


def doubling(count: int) -> str:
    """Fragments of which each spreads the next twice."""
    last = f"fragment F{count} on Category {{ id }}"
    spreads = (
        f"fragment F{n} on Category {{ a: parent {{ ...F{n + 1} }} b: parent {{ ...F{n + 1} }} }}"
        for n in range(count)
    )
    return " ".join(['{ category(slug: "a") { ...F0 } }', *spreads, last])


def ring(count: int) -> str:
    """Fragments of which each spreads the next, and the last the first."""
    spreads = (
        f"fragment F{n} on Query {{ a{n}: __typename ...F{(n + 1) % count} }}" for n in range(count)
    )
    return " ".join(["{ ...F0 }", *spreads])


WHOLE = get_introspection_query()

TOKENS = [
    Hostile("5,001 tokens", asked("{" + " a" * 4_999 + " }"), MUCH),
    Hostile("400,000 tokens", asked("{" + " a" * 400_000 + " }"), MUCH),
    Hostile("900 KB of braces", asked("{" * 900_000), NONE),
    Hostile("900 KB of brackets", asked("{ a(b: " + "[" * 900_000), MUCH),
    Hostile("900 KB of a comment", asked("#" + "a" * 900_000), NONE, hold=0.5),
    Hostile("5,000 comments", asked("#\n" * 4_999), "400 GRAPHQL_PARSE_FAILED"),
    Hostile("900 KB of commas", asked("," * 900_000), NONE),
    Hostile("900 KB of a name", asked("{ " + "a" * 900_000 + " }"), INVALID),
    Hostile(
        "900 KB of a number",
        asked("{ carriers(first: " + "9" * 900_000 + ") { nodes { id } } }"),
        INVALID,
    ),
    Hostile(
        "900 KB of a text",
        asked('{ carrier(code: "' + "a" * 900_000 + '") { id } }'),
        "200 UPSTREAM_BAD_RESPONSE",
        hold=0.5,
    ),
    Hostile(
        "900 KB of a text without an end",
        asked('{ carrier(code: "' + "a" * 900_000),
        NONE,
        hold=0.5,
    ),
    Hostile(
        "a text of 100,000 escapes",
        asked('{ carrier(code: "' + "\\u0041" * 100_000 + '") { id } }'),
        "200 UPSTREAM_BAD_RESPONSE",
        hold=0.5,
    ),
    Hostile(
        "a block of 400,000 lines",
        asked('{ carrier(code: """' + " a\n" * 200_000 + '""") { id } }'),
        MUCH,
    ),
    Hostile(
        "a block of quotes",
        asked('{ carrier(code: """' + '\\"""' * 100_000 + '""") { id } }'),
        "200 UPSTREAM_BAD_RESPONSE",
    ),
    Hostile("300,000 marks of byte order", asked("\ufeff" * 300_000 + "{ __typename }"), "200"),
    Hostile("zeros in a document", asked("\0" * 150_000), NONE),
    Hostile(
        "50 of 400,000 tokens at once",
        at_once(50, asked("{" + " a" * 400_000 + " }")),
        MUCH,
        memory=64 * MEGABYTE,
        cpu=6.0,
        hold=0.5,
    ),
    Hostile(
        "4,900 tokens of types that are not asked for",
        asked("{ __typename } " + many(1_200, "type AN { a: B }")),
        "400 OPERATION_TOO_COMPLEX",
    ),
]

SHAPE = [
    Hostile(
        "16 levels",
        asked('{ category(slug: "a") ' + "{ parent " * 15 + "{ id }" + " }" * 15 + " }"),
        MUCH,
    ),
    Hostile(
        "1,500 levels",
        asked('{ category(slug: "a") ' + "{ parent " * 1_500 + "{ id }" + " }" * 1_500 + " }"),
        MUCH,
    ),
    Hostile(
        "2,000 inline fragments within each other",
        asked("{ " + "... { " * 2_000 + "__typename" + " }" * 2_001),
        "400 OPERATION_TOO_COMPLEX",
    ),
    Hostile(
        "an argument 1,600 deep",
        asked("{ orders(where: " + "{not: " * 1_600 + "{}" + "}" * 1_600 + ") { nodes { id } } }"),
        "400 OPERATION_TOO_COMPLEX",
    ),
    Hostile(
        "a type 2,000 deep",
        asked(f"query($a: {'[' * 2_000}Int{']' * 2_000}) {{ __typename }}"),
        "400 OPERATION_TOO_COMPLEX",
    ),
    Hostile("31 aliases", asked("{ carriers { nodes {" + many(31, " aN: id") + " } } }"), MUCH),
    Hostile(
        "1,000 aliases", asked("{" + many(1_000, ' aN: order(number: "N") { id }') + " }"), MUCH
    ),
    Hostile("21 fields at the root", asked("{" + " __typename" * 21 + " }"), MUCH),
    Hostile("1,001 fields", asked("{ carriers { nodes {" + " id" * 1_001 + " } } }"), MUCH),
    Hostile("the same 990 fields", asked("{ carriers { nodes {" + " id" * 990 + " } } }"), MUCH),
    Hostile(
        "pairs that are compared with each other",
        asked(
            "{ carriers { nodes {"
            + many(30, " ...F ")
            + "} } } fragment F on Carrier {"
            + " id name phone" * 10
            + " }"
        ),
        "200",
    ),
    Hostile(
        "fields that may not be merged",
        asked("{ carriers { nodes {" + many(15, " a: id a: name") + " } } }"),
        INVALID,
    ),
    Hostile("51 directives", asked("{ __typename" + " @skip(if: false)" * 51 + " }"), MUCH),
    Hostile("1,600 directives", asked("{ __typename" + " @a" * 1_600 + " }"), MUCH),
    Hostile(
        "50 directives that are none", asked("{ __typename" + many(50, " @aN") + " }"), INVALID
    ),
    Hostile("20 fields that are not there", asked("{" + many(20, " aN") + " }"), INVALID),
    Hostile(
        "900 fields that are not there",
        asked("{ carriers { nodes {" + many(900, " aN") + " } } }"),
        INVALID,
    ),
    Hostile(
        "900 arguments that are not there",
        asked("{ __typename carriers(" + many(900, "aN: 1 ") + ") { nodes { id } } }"),
        INVALID,
    ),
    Hostile(
        "1,200 variables", asked("query(" + many(1_200, "$aN: Int ") + ") { __typename }"), INVALID
    ),
    Hostile(
        "a variable 1,200 times",
        asked("query(" + many(1_200, "$a: Int ") + ") { __typename }"),
        INVALID,
    ),
    Hostile("400 operations", asked(many(400, "query AN { __typename } ")), "400 BAD_USER_INPUT"),
    Hostile("an operation 400 times", asked(many(400, "query A { __typename } ")), INVALID),
    Hostile(
        "operations that all spread much",
        asked(
            many(40, "query AN { ...F } ")
            + "fragment F on Query { carriers { nodes {"
            + " id" * 300
            + " } } }"
        ),
        MUCH,
    ),
]

FRAGMENTS = [
    Hostile("a fragment within itself", asked("{ ...A } fragment A on Query { ...A }"), INVALID),
    Hostile(
        "two within each other",
        asked("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
        INVALID,
    ),
    Hostile("a ring of 400", asked(ring(400)), INVALID),
    Hostile("a chain of 600", asked(chain(600)), "400 OPERATION_TOO_COMPLEX"),
    Hostile("15 that double", asked(doubling(15)), MUCH),
    Hostile("200 that double", asked(doubling(200)), MUCH, hold=0.5),
    Hostile(
        "600 that nothing spreads",
        asked("{ __typename } " + many(600, "fragment FN on Query { __typename } ")),
        INVALID,
    ),
    Hostile(
        "600 of one name",
        asked("{ ...F } " + many(600, "fragment F on Query { __typename } ")),
        INVALID,
    ),
    Hostile(
        "one 1,200 times",
        asked("{" + " ...F" * 1_200 + " } fragment F on Query { __typename }"),
        MUCH,
    ),
    Hostile(
        "800 that are not there",
        asked("{" + many(800, " ...FN") + " }"),
        "400 GRAPHQL_VALIDATION_FAILED",
    ),
    Hostile(
        "600 on types that are not there",
        asked("{" + many(600, " ... on TN { id }") + " }"),
        "400 OPERATION_TOO_COMPLEX",
    ),
    Hostile(
        "all types of a node, again and again",
        asked(
            '{ node(id: "a") {'
            + " ... on Order { id } ... on Product { id } ... on Node { id }" * 200
            + " } }"
        ),
        "400 OPERATION_TOO_COMPLEX",
    ),
]

SCHEMA = [
    Hostile("introspection by a stranger", asked(WHOLE), "403 UNAUTHENTICATED"),
    Hostile(
        "introspection 20 times",
        by_staff("{" + many(20, " aN: __schema { types { name } }") + " }"),
        "200",
    ),
    Hostile(
        "introspection in circles",
        by_staff("{ __schema { types " + "{ fields { type " * 6 + "{ name }" + " } }" * 6 + " } }"),
        "400 GRAPHQL_VALIDATION_FAILED",
        cpu=1.0,
    ),
    Hostile(
        "introspection 40 deep",
        by_staff(
            '{ __type(name: "Query") { fields { type '
            + "{ ofType " * 40
            + "{ name }"
            + " }" * 40
            + " } } }"
        ),
        MUCH,
    ),
    Hostile(
        "the whole schema 20 times over",
        at_once(20, by_staff(WHOLE)),
        "200",
        memory=64 * MEGABYTE,
        cpu=3.0,
        hold=0.5,
    ),
    Hostile("names that are nearly right", asked("{" + many(20, " product1N") + " }"), INVALID),
    Hostile(
        "a subscription that there is not",
        asked("subscription { a }"),
        "400 GRAPHQL_VALIDATION_FAILED",
    ),
    Hostile(
        "a mutation that there is not", asked("mutation { a }"), "400 GRAPHQL_VALIDATION_FAILED"
    ),
]

ROWS = [*TOKENS, *SHAPE, *FRAGMENTS, *SCHEMA]
