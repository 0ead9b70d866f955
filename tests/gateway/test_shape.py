"""A document's shape is bounded before it is validated, and counted through its fragments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import (
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    SelectionSetNode,
    get_introspection_query,
    parse,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.commits.workloads import WORKLOADS as OF_COMMITS
from benchmarks.workloads import WORKLOADS as BENCHMARKS
from benchmarks.workloads import Workload
from gateway.operations.prepared import Document, Prepared
from gateway.operations.stages.shape import MOST_PAIRS, OPERATIONS, ShapeStage, _is_larger
from gateway.settings import Settings
from gateway.testing import GraphClient
from schema.build import schema

LIMITS = ("depth", "fields", "root_fields", "aliases", "directives")
MOST = {"tokens": 100_000, **dict.fromkeys(LIMITS, 10_000)}


def shaped(query: str, **limits: int) -> Prepared:
    known = Prepared(query)
    known.document = Document.of(parse(query))
    ShapeStage(schema, Settings.of(limits=limits)).prepare(known)
    return known


def refusal(query: str, **limits: int) -> str | None:
    """What is said of the document; None if it is within the limits."""
    try:
        known = shaped(query, **limits)
    except GraphQLError as error:
        return error.message if error.extensions == {"code": "OPERATION_TOO_COMPLEX"} else None
    assert known.errors == ()
    return None


FRAGMENTS = [f"F{number}" for number in range(6)]


@st.composite
def selections(draw: st.DrawFn, spreads: list[str], nesting: int = 3) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        directive = draw(st.sampled_from(["", "", " @include(if: true)"]))
        kind = draw(st.sampled_from(["field", "alias", "object", "inline", "spread"]))
        if kind == "spread" and spreads:
            parts.append(f"...{draw(st.sampled_from(spreads))}{directive}")
        elif kind in ("object", "inline") and nesting:
            below = draw(selections(spreads, nesting - 1))
            name = "..." if kind == "inline" else draw(st.sampled_from(["a", "x: b"]))
            parts.append(f"{name}{directive} {below}")
        else:
            parts.append(f"{'x: ' if kind == 'alias' else ''}c{directive}")
    return f"{{ {' '.join(parts)} }}"


@st.composite
def documents(draw: st.DrawFn) -> str:
    """An operation, and fragments that spread those behind them."""
    fragments = [
        f"fragment {name} on T {draw(selections(FRAGMENTS[number + 1 :]))}"
        for number, name in enumerate(FRAGMENTS)
    ]
    return " ".join([draw(selections(FRAGMENTS)), *fragments])


def counted(query: str) -> dict[str, int]:
    """The shape of the document's operation, by writing out all of its fragments, or of a fragment
    that has more of something."""
    fragments: dict[str, SelectionSetNode] = {}
    most = dict.fromkeys(LIMITS, 0)

    def count(selection_set: SelectionSetNode, depth: int) -> None:
        for each in selection_set.selections:
            counts["directives"] += len(each.directives or ())
            if isinstance(each, FragmentSpreadNode):
                count(fragments[each.name.value], depth)
            elif isinstance(each, InlineFragmentNode):
                count(each.selection_set, depth)
            elif isinstance(each, FieldNode):
                counts["fields"] += 1
                counts["depth"] = max(counts["depth"], depth)
                counts["root_fields"] += depth == 1
                counts["aliases"] += each.alias is not None
                if each.selection_set is not None:
                    count(each.selection_set, depth + 1)

    for definition in reversed(parse(query).definitions):
        assert isinstance(definition, ExecutableDefinitionNode)
        counts = dict.fromkeys(LIMITS, 0)
        count(definition.selection_set, 1)
        if isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = definition.selection_set
            counts["root_fields"] = 0
        most = {limit: max(most[limit], counts[limit]) for limit in LIMITS}
    return most


WORDS = {
    "depth": "nests fields deeper than {:,} levels",
    "fields": "has more than {:,} fields,",
    "root_fields": "has more than {:,} fields at its root",
    "aliases": "has more than {:,} aliases",
    "directives": "has more than {:,} directives",
}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(documents(), st.sampled_from(LIMITS))
def test_what_is_counted_is_what_is_there_with_all_fragments_written_out(
    query: str, limit: str
) -> None:
    has = counted(query)[limit]
    assume(refusal(query, **MOST) is None)

    assert refusal(query, **{**MOST, limit: max(has, 1)}) is None
    if has > 1:
        told = refusal(query, **{**MOST, limit: has - 1})
        assert told is not None
        assert WORDS[limit].format(has - 1) in told


def doubling(depth: int) -> str:
    fragments = [f"fragment F{i} on Product {{ ...F{i + 1} ...F{i + 1} }}" for i in range(depth)]
    return " ".join(["{ ...F0 }", *fragments, f"fragment F{depth} on Product {{ name }}"])


def nested(depth: int) -> str:
    return "{ a " * (depth - 1) + "{ a }" + " }" * (depth - 1)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (nested(16), "nests fields deeper than 15 levels"),
        (f"{{ a {{ {'b ' * 1000} }} }}", "has more than 1,000 fields"),
        (doubling(400), "has more than 1,000 fields"),
        ("{" + " ".join(f"a{i}" for i in range(21)) + "}", "has more than 20 fields at its root"),
        ("{ a {" + " ".join(f"a{i}: b" for i in range(31)) + "} }", "has more than 30 aliases"),
        (f"{{ a {'@a ' * 51} }}", "has more than 50 directives"),
        (f"query ($a: Int {'@a ' * 51}) {{ a }}", "has more than 50 directives"),
        (f"query {'@a ' * 51} {{ a }}", "has more than 50 directives"),
        ("{ a { ... @a { ...F @a } } } fragment F on T " + "@a " * 49 + "{ b }", "50 directives"),
    ],
    ids=lambda text: text[:40],
)
def test_more_than_an_operation_may_have_is_refused(query: str, message: str) -> None:
    told = refusal(query)

    assert told is not None
    assert message in told


def test_a_fragment_that_nothing_spreads_is_bounded_too() -> None:
    told = refusal("{ a } " + doubling(400).replace("{ ...F0 }", "", 1))

    assert told is not None
    assert told.startswith("The fragment has more than 1,000 fields")


def test_the_operations_of_a_document_are_bounded_together() -> None:
    fragment = "fragment F on Query { a { " + " ".join(f"b{i}" for i in range(998)) + " } }"
    operations = [f"query Q{i} {{ ...F }}" for i in range(OPERATIONS + 1)]

    assert refusal(" ".join([*operations[:OPERATIONS], fragment])) is None
    told = refusal(" ".join([*operations, fragment]))

    assert told is not None
    assert "more than 10,000 fields" in told


@pytest.mark.parametrize(
    "below", ["{ a { %s } }", "{ a { ... { %s } } }", "{ a { ...F } } fragment F on T { %s }"]
)
def test_fields_that_are_compared_with_each_other_are_bounded(below: str) -> None:
    most = next(n for n in range(1000) if n * (n - 1) // 2 > MOST_PAIRS) - 1

    assert refusal(below % ("b " * most)) is None
    told = refusal(below % ("b " * (most + 1)))

    assert told is not None
    assert "the same fields in the same places too often" in told


def test_a_fragment_within_itself_is_what_is_wrong_with_the_document() -> None:
    fragments = "fragment A on T { a { ...B } } fragment B on T { b { ...A c } }"

    known = shaped(f"{{ a {{ ...A }} }} {fragments} {doubling(40).partition('}')[2]}")

    assert [(error.message, error.extensions) for error in known.errors] == [
        (
            "Cannot spread fragment 'A' within itself via 'B'.",
            {"code": "GRAPHQL_VALIDATION_FAILED"},
        )
    ]


def test_a_fragment_that_is_not_there_counts_for_nothing() -> None:
    assert refusal("{ a { ...F } }") is None


@pytest.mark.parametrize(
    "options", [{}, {"input_value_deprecation": True, "specified_by_url": True}]
)
def test_introspection_is_within_the_limits(options: Mapping[str, bool]) -> None:
    assert refusal(get_introspection_query(**options)) is None


@pytest.mark.parametrize("workload", [*BENCHMARKS, *OF_COMMITS], ids=lambda each: each.name)
def test_what_is_benchmarked_is_within_the_limits(workload: Workload) -> None:
    assert refusal(workload.document) is None


MANY = 5_000

LARGE: list[Any] = [
    [0] * MANY,
    {str(number): number for number in range(MANY)},
    [[0] * 100] * 50,
    [{"a": [{}]}] * (MANY // 2),
    {"a": {"b": {"c": [None] * MANY}}},
]


@pytest.mark.parametrize("value", LARGE, ids=range(len(LARGE)))
async def test_variables_are_counted_before_anything_is_made_of_them(value: Any) -> None:
    client = GraphClient(schema, settings=Settings.of(environment="development"))
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    response = await client.execute(query, {"ids": value})

    assert [error["message"] for error in response.errors] == [
        "The variables have more than 5,000 values: send fewer at a time."
    ]
    assert response.codes == ["OPERATION_TOO_COMPLEX"]


@pytest.mark.parametrize("deep", [[], {}])
def test_what_nests_is_counted_without_end(deep: Any) -> None:
    for _ in range(100_000):
        deep = [deep] if isinstance(deep, list) else {"a": deep}

    assert _is_larger(deep, 100_000)
    assert not _is_larger(deep, 100_001)


def test_introspection_many_times_over_is_not() -> None:
    whole = get_introspection_query()
    inner = (
        whole[whole.index("{") + 1 : whole.index("fragment FullType")].rstrip().removesuffix("}")
    )
    again = " ".join(inner.replace("__schema", f"s{i}: __schema", 1) for i in range(99))

    assert refusal(f"{{ {again} }} {whole[whole.index('fragment FullType') :]}") is not None
