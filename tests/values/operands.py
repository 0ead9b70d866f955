"""Texts of values that columns have and are compared with, numbers and times, and what clients send
of them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Any, NamedTuple

from hypothesis import strategies as st

from resolvers import coercion

EXACT = Context(prec=20_000)


class Operand(NamedTuple):
    """What a client compares with: as its scalar reads it, and the text of what it is."""

    value: Any
    text: str


class Compared(NamedTuple):
    """What values are compared with: any text, one near that of a value, and each of them as what
    clients send."""

    texts: st.SearchStrategy[str]
    near: Callable[[str], st.SearchStrategy[str]]
    sent: Callable[[str], st.SearchStrategy[Operand]]

    def operands(self, held: Sequence[str]) -> st.SearchStrategy[Operand]:
        texts = self.texts
        if held:
            here = st.sampled_from(held)
            texts = texts | here | here.flatmap(self.near)
        return texts.flatmap(self.sent)


@dataclass(frozen=True)
class Column:
    """A column: texts that it has in its cells, and what it is compared with; whether sums and
    averages are made of it, exactly or by about so much of the largest value."""

    name: str
    cells: st.SearchStrategy[str]
    compared: Compared
    is_list: bool = False
    adds: bool = False
    tolerance: Decimal = Decimal(0)


# What is compared with.

NEAR = [
    "0", "1", "-1", "10", "10.5", "-10.5", "0.1", "0.3", "0.30000000000000004",
    "0.29999999999999999", "15.2", "15.2000001", "15.199999809265137", "19.90", "1e-7", "32767",
    "32768", "-32768", "-32769", "40000", "16777217", "2147483647", "2147483648",
    "9007199254740991", "9007199254740991.5", "9007199254740992", "9007199254740993",
    "9223372036854774784", "9223372036854775000", "9223372036854775807", "9223372036854775808",
    "12345678901234567.89", "1e22", "1e300", "-1e300", "3.4028235e38", "3.5e38", "1e-45", "5e-324",
]  # fmt: skip
"""Numbers at the edges of types, which some of them have and others don't."""

numbers = st.sampled_from(NEAR) | st.decimals(
    -1000, 1000, places=2, allow_nan=False, allow_infinity=False
).map(str)


def plain(text: str) -> str:
    """The number, without an exponent."""
    return format(Decimal(text), "f")


def _in_every_form(text: str) -> st.SearchStrategy[Operand]:
    number = Decimal(text)
    if not number.is_finite():
        # None that a client sends is.
        return _in_every_form("1e300")
    forms = [Operand(coercion.decimal_input(text), text)]
    if abs(number) < Decimal("1e308"):
        forms.append(Operand(float(text), repr(float(text))))
    if number == number.to_integral_value():
        forms.append(Operand(int(number), text))
    return st.sampled_from(forms)


def _beside(text: str) -> st.SearchStrategy[str]:
    number = Decimal(text)
    if not number.is_finite():
        return st.just("1e300")
    steps = [Decimal(step) for step in ("0.5", "0.01", "1e-9", "1e-20")]
    with localcontext(EXACT):
        steps += [number * Decimal(share) for share in ("1e-7", "3e-8", "1e-16", "1e-17")]
        near = [str(number + sign * step) for step in steps for sign in (1, -1)]
        return st.sampled_from(near)


fractions = st.sampled_from(
    ["", ".5", ".123", ".1234", ".123456", ".1234567", ".123456000", ".000001", ".0000009"]
)
days = st.sampled_from(["2026-01-31", "2026-02-01", "1969-12-31", "0001-01-02", "9999-12-30"])
clocks = st.builds("{}{}".format, st.sampled_from(["00:00:00", "09:30:00", "23:59:59"]), fractions)
moments = st.builds("{}T{}Z".format, days, clocks)
locals_ = st.builds("{}T{}".format, days, clocks)


def micro(text: str) -> str:
    """The time of the text, to the microsecond."""
    return _cut(text, 6)


def milli(text: str) -> str:
    """The time of the text, to the millisecond."""
    return _cut(text, 3)


def _cut(text: str, digits: int) -> str:
    zone = "Z" if text.endswith("Z") else ""
    whole, point, fraction = text.removesuffix("Z").partition(".")
    return f"{whole}{point}{fraction[:digits]}{zone}"


def _beside_time(text: str) -> st.SearchStrategy[str]:
    zone = "Z" if text.endswith("Z") else ""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    more = st.sampled_from(["1", "0000001", "0"])
    near = st.just(fraction[:3]) | more.map(lambda digits: fraction.ljust(6, "0") + digits)
    return near.map(lambda digits: f"{seconds}.{digits}{zone}" if digits else text)


def times(texts: st.SearchStrategy[str], read: Callable[[str], object]) -> Compared:
    near = _beside_time if read is not coercion.date_input else st.just
    return Compared(texts, near, lambda text: st.just(Operand(read(text), text)))


NUMBERS = Compared(numbers, _beside, _in_every_form)
MOMENTS = times(moments, coercion.datetime_input)
LOCALS = times(locals_, coercion.local_datetime_input)
DAYS = times(days, coercion.date_input)
TIMES_OF_DAYS = Compared(
    locals_,
    lambda day: st.just(f"{day}T00:00:00"),
    lambda text: LOCALS.sent(text if "T" in text else f"{text}T00:00:00"),
)
CLOCKS = times(clocks, coercion.time_input)


# Values of some types.


def whole(bits: int) -> st.SearchStrategy[str]:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    edges = [number for number in map(Decimal, NEAR) if low <= number <= high]
    return st.sampled_from([str(int(number)) for number in edges]) | st.integers(low, high).map(str)


def real(number: float) -> str:
    """The number of 32 bits in the fewest digits."""
    raw = struct.pack(">f", number)
    for digits in range(1, 10):
        text = format(number, f".{digits}g")
        try:
            if struct.pack(">f", float(text)) == raw:
                return repr(float(text))
        except OverflowError:
            continue
    raise AssertionError(number)


def nearest_real(text: str) -> str:
    try:
        (number,) = struct.unpack(">f", struct.pack(">f", float(text)))
    except OverflowError:
        return "3.4028235e+38"
    return real(number)


SPECIAL = st.sampled_from(["NaN", "Infinity", "-Infinity"])
REALS = (
    numbers.map(nearest_real)
    | st.floats(width=32, allow_nan=False, allow_infinity=False).map(real)
    | SPECIAL
)
DOUBLES = (
    numbers.map(lambda text: repr(float(text)))
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | SPECIAL
)
NUMERICS = numbers | SPECIAL
