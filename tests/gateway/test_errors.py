"""Each place that failed or is denied has an error, with its exact path, in both engines."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from gateway.engine.located import MOST_PLACES
from gateway.operations.executors import EXECUTORS
from gateway.operations.telling import PLACES_SHOWN
from gateway.settings import Settings
from gateway.testing import GraphClient
from tests.gateway.failing import CALLER, ITEMS, LIMITS, ask, graph
from tests.places import explained, paths_of

engines = pytest.mark.parametrize("engine", EXECUTORS)

DENIED = {"code": "UNAUTHORIZED_FIELD_OR_TYPE"}
DOWN = {"code": "UPSTREAM_UNAVAILABLE", "source": "shop"}

BOXES = f"boxes(count: {MOST_PLACES // 100 + 1}, each: 100) {{ denied }}"
"""A hundred more that are denied than can be told."""


@engines
async def test_a_denied_field_has_an_error_in_each_place(engine: str) -> None:
    response = await ask("{ items { denied } }", engine=engine)

    assert response.data == {"items": [{"denied": None}] * ITEMS}
    assert response.errors == [
        {
            "message": "Unauthorized field or type",
            "locations": [{"line": 1, "column": 11}],
            "path": ["items", index, "denied"],
            "extensions": DENIED,
        }
        for index in range(ITEMS)
    ]


@engines
async def test_what_a_policy_denies_has_an_error_where_it_does(engine: str) -> None:
    response = await ask("{ items { judged } }", engine=engine)

    assert paths_of(response.errors) == [("items", index, "judged") for index in range(0, ITEMS, 2)]
    assert {str(error["extensions"]) for error in response.errors} == {str(DENIED)}


@engines
async def test_a_field_that_failed_has_an_error_in_each_place(engine: str) -> None:
    response = await ask("{ items { lost } }", engine=engine)

    assert paths_of(response.errors) == [("items", index, "lost") for index in range(ITEMS)]
    assert {str(error["extensions"]) for error in response.errors} == {str(DOWN)}
    assert {error["message"] for error in response.errors} == {"The source 'shop' is unavailable."}


@engines
async def test_errors_are_in_the_order_of_the_response(engine: str) -> None:
    response = await ask(
        "{ b: items(count: 2) { lost denied } a: noItems { number } }", engine=engine
    )

    assert paths_of(response.errors) == [
        ("b", 0, "lost"),
        ("b", 0, "denied"),
        ("b", 1, "lost"),
        ("b", 1, "denied"),
        ("a",),
    ]


@engines
@pytest.mark.parametrize("items", ["noItems", "deniedItems"])
async def test_what_is_below_a_place_with_an_error_has_none(engine: str, items: str) -> None:
    response = await ask(f"{{ {items} {{ denied judged inner {{ denied }} }} }}", engine=engine)

    assert response.data == {items: None}
    assert paths_of(response.errors) == [(items,)]


@engines
async def test_what_is_below_a_true_null_has_none(engine: str) -> None:
    response = await ask("{ items(count: 4) { inner { denied } } }", engine=engine)

    assert response.data == {
        "items": [{"inner": None if index % 3 == 0 else {"denied": None}} for index in range(4)]
    }
    assert paths_of(response.errors) == [
        ("items", 1, "inner", "denied"),
        ("items", 2, "inner", "denied"),
    ]


@engines
async def test_a_null_that_moved_up_has_one_error_alone(engine: str) -> None:
    response = await ask("{ items(count: 2) { denied lost needed } }", engine=engine)

    assert response.data == {"items": [None, None]}
    assert paths_of(response.errors) == [("items", 0, "needed"), ("items", 1, "needed")]


@engines
async def test_aliases_and_fragments_have_errors_of_their_own(engine: str) -> None:
    query = """{ one: items(count: 1) { ...A } two: items(count: 1) { mine: denied ...A } }
      fragment A on Item { denied ...B } fragment B on Item { denied yours: denied }"""

    response = await ask(query, engine=engine)

    assert sorted(paths_of(response.errors)) == [
        ("one", 0, "denied"),
        ("one", 0, "yours"),
        ("two", 0, "denied"),
        ("two", 0, "mine"),
        ("two", 0, "yours"),
    ]


@engines
async def test_an_error_says_where_its_field_stands_first(engine: str) -> None:
    response = await ask("{ items(count: 1) { denied denied lost lost } }", engine=engine)

    assert [error["locations"] for error in response.errors] == [
        [{"line": 1, "column": 21}],
        [{"line": 1, "column": 35}],
    ]


@engines
async def test_what_failed_alike_is_one_entry_of_the_log(
    engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = await ask("{ items { alike } }", engine=engine)

    assert len(explained(response.data, paths_of(response.errors))) == ITEMS
    (id_,) = {error["extensions"]["id"] for error in response.errors}
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert id_ in record.getMessage()


@engines
async def test_the_log_has_some_of_many_failures_of_a_kind(
    engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = await ask("{ items { various } }", engine=engine)

    assert len(explained(response.data, paths_of(response.errors))) == ITEMS
    ids = {error["extensions"]["id"] for error in response.errors}
    logged = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert len(logged) == len(ids) == PLACES_SHOWN
    assert all(any(id_ in message for message in logged) for id_ in ids)
    assert "secret" not in str(response.errors)


@engines
async def test_as_many_places_can_fail_as_are_told(engine: str) -> None:
    response = await ask(
        f"{{ boxes(count: {MOST_PLACES // 100}, each: 100) {{ denied }} }}", engine=engine
    )

    assert len(response.errors) == MOST_PLACES
    assert response.errors[-1]["path"] == ["boxes", MOST_PLACES // 100 - 1, 99, "denied"]


@engines
async def test_the_field_with_one_more_is_an_error_itself(engine: str) -> None:
    query = f"{{ items(count: 1) {{ lost }} {BOXES} more: items(count: 2) {{ denied }} }}"

    response = await ask(query, engine=engine)

    assert response.data == {
        "items": [{"lost": None}],
        "boxes": None,
        "more": [{"denied": None}] * 2,
    }
    before, error, *more = response.errors
    assert before["path"] == ["items", 0, "lost"]
    assert paths_of(more) == [("more", 0, "denied"), ("more", 1, "denied")]
    assert error["message"] == (
        "More than 20000 places of the response are errors: ask for fewer objects at a time, "
        "or for fewer of the fields that fail."
    )
    assert error["extensions"] == {"code": "OPERATION_TOO_COMPLEX"}
    assert error["path"] == ["boxes"]


@engines
async def test_long_names_count_for_more(engine: str) -> None:
    name = "n" * 50_000

    response = await ask(f"{{ {name}: boxes(count: 2, each: 100) {{ denied }} }}", engine=engine)

    assert (response.data, response.codes) == ({name: None}, ["OPERATION_TOO_COMPLEX"])


async def parts(query: str) -> list[dict[str, Any]]:
    client = GraphClient(graph, settings=Settings.of(limits=LIMITS))
    return [part async for part in client.execute_incrementally(query, identity=CALLER)]


async def test_each_error_goes_with_its_part() -> None:
    query = """{ items(count: 2) { denied ... @defer { lost judged } } }"""

    first, *later = await parts(query)

    assert paths_of(first["errors"]) == [("items", 0, "denied"), ("items", 1, "denied")]
    assert [
        (each["data"], paths_of(each["errors"])) for part in later for each in part["incremental"]
    ] == [
        (
            {"lost": None, "judged": None},
            [("items", 0, "lost"), ("items", 0, "judged")],
        ),
        ({"lost": None, "judged": "j"}, [("items", 1, "lost")]),
    ]


async def test_an_item_that_is_streamed_has_its_errors_with_it() -> None:
    first, *later = await parts("{ items(count: 3) @stream(initialCount: 1) { denied } }")

    assert paths_of(first["errors"]) == [("items", 0, "denied")]
    assert [paths_of(each["errors"]) for part in later for each in part.get("incremental", ())] == [
        [("items", 1, "denied"), ("items", 2, "denied")]
    ]


async def test_a_field_with_too_many_errors_that_is_deferred_is_an_error_itself() -> None:
    first, last = await parts(f"{{ items(count: 1) {{ denied }} ... @defer {{ {BOXES} }} }}")

    assert paths_of(first["errors"]) == [("items", 0, "denied")]
    (part,) = last["incremental"]
    assert part["data"] == {"boxes": None}
    assert [(error["path"], error["extensions"]) for error in part["errors"]] == [
        (["boxes"], {"code": "OPERATION_TOO_COMPLEX"})
    ]


async def test_a_part_with_too_many_errors_is_an_error_itself() -> None:
    first, last = await parts(f"{{ again {{ __typename ... @defer {{ {BOXES} }} }} }}")

    assert first["data"] == {"again": {"__typename": "Query"}}
    assert "incremental" not in last
    (completed,) = last["completed"]
    assert [error["extensions"] for error in completed["errors"]] == [
        {"code": "OPERATION_TOO_COMPLEX"}
    ]
