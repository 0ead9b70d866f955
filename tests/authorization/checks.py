"""What an answer must say, and must not, of fields that the matrix has rows for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from schema.build import schema
from tests.authorization.matrix import Row, cell, directive_of
from tests.authorization.roads import Operation, Road, operation
from tests.authorization.samples import ADA
from tests.authorization.ways import Path, Way
from tests.client import Answer
from tests.places import Place, explained, field_at, paths_of, places_of

SELECTED = {
    "Customer.addresses": "addresses { city }",
    "Address.customer": "customer { name }",
    "Order.shippingAddress": "shippingAddress { city }",
}
"""How fields are written that are no leaves."""

MESSAGE = "Unauthorized field or type"

SECRETS = sorted({*schema.rules.scopes, *schema.rules.policies})
"""What nothing may name but the directive that ``explain`` shows."""

Call = Mapping[str, Any]
Expected = Mapping[Place, str]
"""The denials of an answer: the coordinates by their places."""


def asked(
    rows: Sequence[Row],
    road: Road,
    ways: Sequence[Way],
    ids: Mapping[str, str],
    identity: str,
) -> Operation:
    """The operation that asks for the rows' fields, all of the type that the ways lead to."""
    type_name = rows[0].type
    # Objects are told apart by their ids, where that is not one more field that is denied.
    identified = cell(f"{type_name}.id", identity) == "yes"
    return operation(
        road,
        type_name,
        [SELECTED.get(row.coordinate, row.field) for row in rows],
        ways,
        ids,
        beside="id" if identified else "",
    )


def denied_before(row: Row, identity: str, operation: Operation) -> dict[Way, tuple[Path, str]]:
    """For each way by which the identity is denied the field, or what is on the way to it, whatever
    the rows are: the path and the coordinate of that."""
    found = {}
    for way in operation.ways:
        place = (*way.path, operation.alias + row.field)
        for coordinate, path in (*way.passes, (row.coordinate, place)):
            if cell(coordinate, identity) == "no":
                found[way] = (path, coordinate)
                break
    return found


def check(
    rows: Sequence[Row], identity: str, operation: Operation, answer: Answer, staff: Answer
) -> None:
    """Holds the answer against the matrix, and against what is there, as staff sees it."""
    expected: dict[Place, str] = {}
    for row in rows:
        denied = denied_before(row, identity, operation)
        for path, coordinate in denied.values():
            expected |= dict.fromkeys(places_of(answer.partial, path), coordinate)
        key = operation.alias + row.field
        seen: list[tuple[Any, Any]] = []
        for way in operation.ways:
            where = f"{row.coordinate} by {way}, as {identity}"
            shown, there = values(way, key, answer.partial), values(way, key, staff.data)
            if way in denied:
                assert [value for _, value in shown if value is not None] == [], where
            elif cell(row.coordinate, identity) == "own":
                others = [value for id_, value in shown if id_ != ADA]
                assert of_ada(shown) == of_ada(there), where
                assert others == [None] * len(others), where
                expected |= {
                    (*place, key): row.coordinate
                    for place, each in way.objects(answer.partial)
                    if each.get("id") != ADA
                }
            else:
                known = dict(there)
                common = [(value, known[id_]) for id_, value in shown if id_ in known]
                assert [pair for pair in common if not is_part(*pair)] == [], where
                assert shown != [], where
                seen += common
        if any(is_there(known) for _, known in seen):
            assert any(is_there(value) for value, _ in seen), row.coordinate
    check_denials(answer, expected, identity)


def check_denials(answer: Answer, expected: Expected, identity: str) -> None:
    """The answer has just these denials: one error for each place, which says what it may, and
    ``explain`` which directive it was."""
    code = "UNAUTHENTICATED" if identity == "anonymous" else "UNAUTHORIZED_FIELD_OR_TYPE"
    assert explained(answer.partial, paths_of(answer.errors)) == {path: path for path in expected}
    assert {(e["message"], str(e["extensions"])) for e in answer.errors} <= {
        (MESSAGE, str({"code": code}))
    }
    explain = answer.body["extensions"]["explain"]
    denied = {tuple(e["path"]): (e["coordinate"], e["directive"]) for e in explain["denied"]}
    assert len(denied) == len(explain["denied"])
    assert {field_at(path): coordinate for path, coordinate in expected.items()}.items() <= {
        path: coordinate for path, (coordinate, _) in denied.items()
    }.items()
    for coordinate, directive in denied.values():
        assert directive == directive_of(coordinate)
        assert cell(coordinate, identity) != "yes"
    rest = {**answer.body, "extensions": {"explain": {"calls": explain["calls"]}}}
    text = json.dumps(rest)
    assert [secret for secret in SECRETS if secret in text] == []


def check_calls(rows: Sequence[Row], identity: str, calls: Sequence[Call]) -> None:
    """No source was asked for what the identity does not see; and for what is its own, for that
    alone, with the columns that are its own."""
    own = {column_of(row) for row in rows if cell(row.coordinate, identity) == "own"}
    for row in rows:
        made = [call for call in calls if is_for(row, call)]
        match cell(row.coordinate, identity):
            case "no":
                assert made == [], row.coordinate
            case "own":
                assert [(call["columns"], call["keys"]) for call in made] == [
                    (sorted({"id", *own}), 1)
                ], row.coordinate
            case "yes":
                assert made != [], row.coordinate


def is_for(row: Row, call: Call) -> bool:
    """Whether the call fetches what the row's field shows."""
    statement = str(call.get("statement"))
    match row.coordinate:
        case "Customer.lifetimeValue":
            return "sum(" in statement
        case "Product.margin":
            return "cost" in call["columns"] or '"cost"' in statement
        case "Customer.addresses" | "Order.shippingAddress":
            return bool(call["resource"] == "addresses")
    if row.type == "Address":
        return bool(call["resource"] == "addresses")
    column = column_of(row)
    ((resource, _),) = schema.needs[row.coordinate]
    named = column in call["columns"] or f'"{column}"' in statement
    return bool(call["resource"] == resource.name) and named


def column_of(row: Row) -> str:
    """The one column that the row's field shows."""
    ((_, column),) = schema.needs[row.coordinate]
    return column


def values(way: Way, key: str, data: Any) -> list[tuple[Any, Any]]:
    """The ids of the objects at the end of the way, with the values of the field."""
    return [(each.get("id"), each.get(key)) for _, each in way.objects(data)]


def is_there(value: Any) -> bool:
    return value not in (None, [])


def is_part(shown: Any, there: Any) -> bool:
    """Whether this is shown of what is there. Row filters take away items and objects."""
    if isinstance(there, list):
        return all(item in there for item in shown)
    return shown == there or (shown is None and isinstance(there, dict))


def of_ada(shown: Sequence[tuple[Any, Any]]) -> list[Any]:
    return [value for id_, value in shown if id_ == ADA]
