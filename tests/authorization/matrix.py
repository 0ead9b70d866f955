"""Who may see what of the shop: every protected place of the schema, and each of the demo's
identities.

``yes`` they see it, ``no`` they don't, ``own`` they see it on the customer that they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Cell = Literal["yes", "no", "own"]

CELLS: Mapping[str, Cell] = {"yes": "yes", "no": "no", "own": "own"}

IDENTITIES = ("anonymous", "customer", "support", "finance", "partner")

TABLE = """
                         anonymous customer support finance partner
Customer.name            no        yes      yes     yes     yes     @authenticated
Customer.email           no        own      yes     no      no      @policy(policies: [["customers.pii"]])
Customer.phone           no        own      yes     no      no      @policy(policies: [["customers.pii"]])
Customer.birthday        no        own      yes     no      no      @policy(policies: [["customers.pii"]])
Customer.marketingOptIn  no        own      yes     no      no      @policy(policies: [["customers.pii"]])
Customer.addresses       no        yes      yes     yes     yes     @authenticated
Customer.lifetimeValue   no        no       yes     yes     no      @requiresScopes(scopes: [["finance"], ["support"]])
Address.id               no        yes      yes     yes     yes     @authenticated
Address.kind             no        yes      yes     yes     yes     @authenticated
Address.recipient        no        yes      yes     yes     yes     @authenticated
Address.line1            no        yes      yes     yes     yes     @authenticated
Address.line2            no        yes      yes     yes     yes     @authenticated
Address.postalCode       no        yes      yes     yes     yes     @authenticated
Address.city             no        yes      yes     yes     yes     @authenticated
Address.region           no        yes      yes     yes     yes     @authenticated
Address.country          no        yes      yes     yes     yes     @authenticated
Address.customer         no        yes      yes     yes     yes     @authenticated
Order.internalNote       no        no       yes     no      no      @requiresScopes(scopes: [["orders:internal"]])
Order.shippingAddress    no        yes      yes     yes     yes     @authenticated
Product.cost             no        no       no      yes     no      @requiresScopes(scopes: [["finance"]])
Product.margin           no        no       no      yes     no      @requiresScopes(scopes: [["finance"]])
Reservation.orderNumber  no        no       yes     yes     no      @requiresScopes(scopes: [["orders:read"]])
"""  # noqa: E501  # a table is read by its columns


@dataclass(frozen=True)
class Row:
    """A protected place: the directive that protects it, and what each identity sees of it."""

    coordinate: str
    directive: str
    cells: Mapping[str, Cell]

    @property
    def type(self) -> str:
        return self.coordinate.partition(".")[0]

    @property
    def field(self) -> str:
        return self.coordinate.partition(".")[2]


def _rows() -> dict[str, Row]:
    header, *lines = TABLE.strip("\n").splitlines()
    assert tuple(header.split()) == IDENTITIES
    rows = {}
    for line in lines:
        coordinate, *rest = line.split(maxsplit=len(IDENTITIES) + 1)
        cells = {identity: CELLS[word] for identity, word in zip(IDENTITIES, rest, strict=False)}
        rows[coordinate] = Row(coordinate, rest[-1], cells)
    return rows


MATRIX = _rows()


TYPES = {
    type_name: [row for row in MATRIX.values() if row.type == type_name]
    for type_name in dict.fromkeys(row.type for row in MATRIX.values())
}
"""The rows of each type that has protected fields."""


def cell(coordinate: str, identity: str) -> Cell:
    """What the identity sees of the place, or of the objects of a type. What nothing protects,
    everyone sees, and staff sees everything."""
    row = _row(coordinate)
    return "yes" if row is None or identity == "staff" else row.cells[identity]


def directive_of(coordinate: str) -> str:
    """What protects the place, or the type."""
    row = _row(coordinate)
    assert row is not None
    return row.directive


def _row(coordinate: str) -> Row | None:
    # A type that is protected as a whole has its ids protected, which no other type has.
    return MATRIX.get(coordinate if "." in coordinate else f"{coordinate}.id")
