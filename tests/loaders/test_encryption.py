"""What is encrypted is read by its key, at its place, and as it was or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.asks import WHOLE, Ask, Rows, Wants
from loaders.chain import chained
from loaders.contexts import Operation
from loaders.encryption import Encryption, Keyring, Undecipherable, is_encrypted
from loaders.errors import Unreadable
from loaders.memory import MemorySource, MemoryTable
from loaders.query import Aggregate, Comparison, Function, Operator, Order, Window

pytestmark = pytest.mark.unit

KEYS = {"old": b"o" * 32, "new": b"n" * 32}
OLD, NEW = Keyring(KEYS, "old"), Keyring(KEYS, "new")

PEOPLE = MemoryTable(source="shop", name="people")
OTHERS = MemoryTable(source="shop", name="others")
ENCRYPTED = Encryption({PEOPLE.id: frozenset({"phone"})}, NEW)


@given(text=st.text(), keyring=st.sampled_from([OLD, NEW]))
def test_a_text_comes_back_as_it_was(text: str, keyring: Keyring) -> None:
    value = keyring.encrypt(text, PEOPLE, "phone")

    assert is_encrypted(value)
    assert value.startswith(f"sluice:1:{keyring.current}:")
    assert [each.decrypt(value, PEOPLE, "phone") for each in (OLD, NEW)] == [text] * 2
    assert keyring.encrypt(text, PEOPLE, "phone") != value


@given(text=st.text().filter(lambda text: not is_encrypted(text)))
def test_what_is_not_encrypted_yet_is_what_it_is(text: str) -> None:
    assert NEW.decrypt(text, PEOPLE, "phone") == text


VALUE = NEW.encrypt("+420 123", PEOPLE, "phone")


def test_it_can_be_read_at_its_own_place_alone() -> None:
    for resource, column in ((PEOPLE, "name"), (OTHERS, "phone")):
        with pytest.raises(Undecipherable, match="not encrypted for this column"):
            NEW.decrypt(VALUE, resource, column)


@pytest.mark.parametrize("at", range(len("sluice:1:new:"), len(VALUE)))
def test_no_letter_of_it_can_be_changed(at: int) -> None:
    other = "A" if VALUE[at] != "A" else "B"

    with pytest.raises(Undecipherable):
        NEW.decrypt(VALUE[:at] + other + VALUE[at + 1 :], PEOPLE, "phone")


SEALED = VALUE.rpartition(":")[2]

NO_VALUES = {
    **{each: each for each in ("sluice:1:", "sluice:1:new", "sluice:1:new:", "sluice:1:new:é")},
    "too short": "sluice:1:new:AAAA",
    "by another key": f"sluice:1:old:{SEALED}",
    "with more": f"{VALUE}=",
    "with less": VALUE[:-4],
}


@pytest.mark.parametrize("what", NO_VALUES)
def test_what_is_no_value_can_not_be_read(what: str) -> None:
    with pytest.raises(Undecipherable) as refused:
        NEW.decrypt(NO_VALUES[what], PEOPLE, "phone")

    assert "420" not in str(refused.value)


def test_a_key_that_is_gone_is_named() -> None:
    with pytest.raises(Undecipherable, match=r"the key 'new' is not among encryption\.keys"):
        Keyring({"old": KEYS["old"]}, "old").decrypt(VALUE, PEOPLE, "phone")


ROWS: list[Mapping[str, Any]] = [
    {"id": 1, "name": "Ada", "phone": VALUE},
    {"id": 2, "name": "Bob", "phone": "+420 plain"},
    {"id": 3, "name": "Cyd", "phone": None},
    {"id": 4, "name": "Dan", "phone": NEW.encrypt("moved", PEOPLE, "name")},
    {"id": 5, "name": "Eve", "phone": 420},
]


async def test_rows_are_read_and_what_can_not_be_costs_its_place_alone() -> None:
    source = MemorySource("shop", {"people": ROWS, "others": ROWS})
    chain = chained(source, encryption=ENCRYPTED)
    wants = Wants(frozenset({"id", "name", "phone"}))

    (found,) = await chain.fetch(Ask(Rows(PEOPLE), wants), [WHOLE], Operation())
    (others,) = await chain.fetch(Ask(Rows(OTHERS), wants), [WHOLE], Operation())

    assert not isinstance(found, Exception)
    assert not isinstance(found.rows, Exception)
    assert [row["name"] for row in found.rows] == ["Ada", "Bob", "Cyd", "Dan", "Eve"]
    phones = [row["phone"] for row in found.rows]
    assert phones[:3] == ["+420 123", "+420 plain", None]
    assert [type(each) for each in phones[3:]] == [Unreadable] * 2
    # The table beside it has no encrypted column, and is as it is.
    assert not isinstance(others, Exception)
    assert others.rows == ROWS


@pytest.mark.parametrize(
    ("rows", "wants"),
    [
        (Rows(PEOPLE, ("phone",)), Wants(frozenset({"id"}))),
        (Rows(PEOPLE, filter=Comparison("phone", Operator.EQ, "a")), Wants(frozenset({"id"}))),
        (Rows(PEOPLE, window=Window(order=(Order("phone"),))), Wants(frozenset({"id"}))),
        (Rows(PEOPLE), Wants(aggregates=(Aggregate(Function.MAX, "phone"),))),
    ],
    ids=["key", "filter", "order", "aggregate"],
)
async def test_a_source_is_never_asked_about_their_values(rows: Rows, wants: Wants) -> None:
    chain = chained(MemorySource("shop", {"people": ROWS}), encryption=ENCRYPTED)

    with pytest.raises(TypeError, match="are encrypted, and can only be read"):
        await chain.fetch(Ask(rows, wants), [("a",) if rows.by else WHOLE], Operation())
