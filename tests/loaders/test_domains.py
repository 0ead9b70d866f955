"""Comparisons in the terms of a column: its values compare with the operand as in arithmetic."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders import domains
from loaders.domains import EVERYTHING, Domain, within
from loaders.query import NOTHING, SEVERAL, And, Comparison, Filter, Not, Operator, equals
from loaders.time_zones import in_zone
from loaders.times import FineDatetime, read_datetime
from tests.values import operands
from tests.values.oracle import EQUALITY, OF_LISTS, RANGE, Oracle, exactly, text_of
from tests.values.profiles import COMPARED

OF_TYPES: dict[str, tuple[Domain, Any, operands.Compared, Callable[[str], Any]]] = {
    "smallint": (domains.integers(-(2**15), 2**15 - 1), operands.whole(16), operands.NUMBERS, int),
    "bigint": (domains.integers(-(2**63), 2**63 - 1), operands.whole(64), operands.NUMBERS, int),
    "real": (domains.reals, operands.REALS, operands.NUMBERS, float),
    "double": (domains.doubles, operands.DOUBLES, operands.NUMBERS, float),
    "numeric": (domains.decimals, operands.NUMERICS, operands.NUMBERS, Decimal),
    "microseconds": (
        domains.microseconds,
        operands.moments.map(operands.micro),
        operands.MOMENTS,
        read_datetime,
    ),
    "milliseconds": (
        domains.milliseconds,
        operands.moments.map(operands.milli),
        operands.MOMENTS,
        read_datetime,
    ),
    "days": (domains.days, operands.days, operands.TIMES_OF_DAYS, date.fromisoformat),
    "clocks": (
        domains.clocks,
        operands.clocks.map(operands.micro),
        operands.CLOCKS,
        time.fromisoformat,
    ),
}


def holds(filter: Filter, held: Any) -> bool:
    """Whether a source's own comparison of the filter lets the value through."""
    if filter in (EVERYTHING, NOTHING):
        return filter == EVERYTHING
    assert isinstance(filter, Comparison)
    wanted = filter.value
    match filter.operator:
        case Operator.IS_NULL:
            return wanted is False
        case Operator.NE | Operator.NOT_IN:
            return held not in (wanted if filter.operator in SEVERAL else [wanted])
        case Operator.GT:
            return bool(held > wanted)
        case Operator.GTE:
            return bool(held >= wanted)
        case Operator.LT:
            return bool(held < wanted)
        case Operator.LTE:
            return bool(held <= wanted)
        case Operator.HAS_EVERY:
            return all(each == held for each in wanted)
    return held in (wanted if filter.operator in SEVERAL else [wanted])


@pytest.mark.long
@pytest.mark.parametrize("name", OF_TYPES)
@COMPARED
@given(data=st.data())
def test_what_a_column_holds_compares_as_arithmetic_has_it(name: str, data: st.DataObject) -> None:
    domain, texts, compared, read = OF_TYPES[name]
    text = data.draw(texts.filter(lambda text: text != "NaN"), "held")
    operator = data.draw(st.sampled_from((*EQUALITY, *RANGE, *OF_LISTS)), "operator")
    least, most = (0, 3) if operator in SEVERAL else (1, 1)
    wanted = data.draw(
        st.lists(compared.operands([text]), min_size=least, max_size=most), "operands"
    )
    values = tuple(each.value for each in wanted)
    comparison = Comparison("it", operator, values if operator in SEVERAL else values[0])

    terms = within(domain, comparison)

    oracle = Oracle(True, {id(comparison): [exactly(each.text) for each in wanted]})
    expected = oracle.holds(comparison, [text] if operator in OF_LISTS else text)
    assert holds(terms, read(text)) is expected, terms


MOMENT = "2026-01-31T09:30:00.123456"


@pytest.mark.parametrize(
    ("domain", "comparison", "terms"),
    [
        (domains.integers(-9, 9), (Operator.LT, 10.5), (Operator.LTE, 9)),
        (domains.integers(-9, 9), (Operator.GT, -10), (Operator.IS_NULL, False)),
        (domains.integers(-9, 9), (Operator.LT, -10), NOTHING),
        (domains.integers(-9, 9), (Operator.EQ, 1.5), NOTHING),
        (domains.integers(-9, 9), (Operator.NE, 1.5), EVERYTHING),
        (domains.integers(-9, 9), (Operator.IN, (1.5, 2, 10)), (Operator.IN, (2,))),
        (domains.integers(-9, 9), (Operator.NOT_IN, (1.5, 10)), EVERYTHING),
        (domains.integers(-9, 9), (Operator.HAS_EVERY, (2, 10)), NOTHING),
        (domains.integers(-9, 9), (Operator.EQ, True), (Operator.EQ, True)),
        (domains.integers(-9, 9), (Operator.EQ, "1"), (Operator.EQ, "1")),
        (domains.decimals, (Operator.EQ, 0.3), (Operator.EQ, Decimal("0.3"))),
        (domains.doubles, (Operator.EQ, Decimal("0.3")), (Operator.EQ, 0.3)),
        (domains.doubles, (Operator.LT, 2**53 + 1), (Operator.LTE, 2.0**53)),
        (domains.reals, (Operator.GTE, 15.2000001), (Operator.GT, 15.2)),
        (domains.labels(["S"]), (Operator.IN, ("S", "XL")), (Operator.IN, ("S",))),
        (domains.labels(["S"]), (Operator.GT, "XL"), (Operator.GT, "XL")),
        (domains.texts, (Operator.EQ, "a\0"), NOTHING),
    ],
    ids=lambda each: "" if callable(each) else str(each),
)
def test_a_comparison_is_one_that_the_column_can_make(
    domain: Domain, comparison: tuple[Operator, Any], terms: Any
) -> None:
    expected = Comparison("it", *terms) if isinstance(terms, tuple) else terms

    assert within(domain, Comparison("it", *comparison)) == expected


IS_TRUE = And((Comparison("it", Operator.IS_NULL, False), Comparison("it", Operator.NE, 0)))


@pytest.mark.parametrize(
    ("domain", "comparison", "terms"),
    [
        (domains.integers(-9, 9), equals("it", True), IS_TRUE),
        (domains.integers(-9, 9), equals("it", False), equals("it", 0)),
        (domains.integers(-9, 9), Comparison("it", Operator.NE, True), Not(IS_TRUE)),
        (domains.integers(-9, 9), Comparison("it", Operator.NE, False), Not(equals("it", 0))),
        (domains.doubles, equals("it", False), equals("it", 0.0)),
        (domains.texts, equals("it", True), equals("it", True)),
    ],
    ids=range(6),
)
def test_a_flag_that_numbers_are_shown_as(
    domain: Domain, comparison: Comparison, terms: Filter
) -> None:
    assert within(domain, comparison, flags=True) == terms
    # A claim that is true is no number.
    assert within(domain, comparison) is comparison


def test_a_comparison_that_is_in_terms_already_is_left_as_it_is() -> None:
    for comparison in (Comparison("it", Operator.EQ, 5), Comparison("it", Operator.IN, (5, 6))):
        assert within(domains.integers(-9, 9), comparison) is comparison


@pytest.mark.parametrize(
    ("moment", "local", "is_exact"),
    [
        ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00", True),
        ("2026-10-25T00:30:00.0000001Z", "2026-10-25T02:30:00", False),
        # What clocks show then is read as the first time that they do.
        ("2026-10-25T01:30:00Z", "2026-10-25T02:59:59.999999", False),
        ("2026-10-25T01:59:59.999999Z", "2026-10-25T02:59:59.999999", False),
        ("2026-10-25T02:00:00Z", "2026-10-25T03:00:00", True),
    ],
)
def test_a_moment_is_compared_as_the_local_times_are_read(
    moment: str, local: str, is_exact: bool
) -> None:
    sent = in_zone(read_datetime(moment), ZoneInfo("Europe/Prague"))

    terms = within(domains.local_microseconds, Comparison("it", Operator.LT, sent))

    expected = (Operator.LT, sent) if is_exact else (Operator.LTE, datetime.fromisoformat(local))
    assert terms == Comparison("it", *expected)
    assert domains.local_microseconds(sent) == (expected[1], is_exact)


def test_a_time_keeps_the_digits_that_were_sent() -> None:
    fine, other = read_datetime(f"{MOMENT}7Z"), read_datetime(f"{MOMENT}71Z")
    whole = read_datetime(f"{MOMENT}Z")

    assert type(whole) is datetime
    assert isinstance(fine, FineDatetime)
    assert whole < fine < other
    assert other > fine > whole
    assert fine != whole
    assert whole != fine
    assert fine >= whole
    assert not whole >= fine
    assert {whole, fine, other} == {other, fine, whole}
    assert fine.floor == whole
    assert copy.deepcopy(fine) == fine
    assert fine.isoformat() == f"{MOMENT}7+00:00"
    assert text_of(whole) == f"{MOMENT}Z"
    assert read_datetime(f"{MOMENT}000Z") == whole
