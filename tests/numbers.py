"""Numbers as JSON and GraphQL write them, with as many digits and such exponents as there are."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st

from tests.values.profiles import CELLS, THOROUGH

EXACT = settings(
    CELLS,
    max_examples=100_000 if THOROUGH else 1_200,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
"""Of a test that numbers come out as they went in. ``VALUES=thorough`` draws more of them."""

EDGES = [
    "0", "-0", "-0.0", "0e99999999999999999999", "0.000", "1.0", "1e0", "100", "1E5",
    "0.1", "0.10", "0.30000000000000004", "0.10000000000000000555111512312578270211815834",
    "0.10000000000000001", "15.2", "19.90", "12345678901234567.89", "12345678901234567890123",
    "9007199254740993", "9007199254740993.0", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809",
    "123456789012345.6", "1234567890123456", "1.7976931348623157e308", "1.7976931348623159e308",
    "1e308", "1e309", "1e400", "-1e400", "2.2250738585072014e-308", "5e-324", "1.5e-323",
    "1.2e-323", "2e-324", "1e-400", "1e6144", "1e-6144", "9" * 309, "9" * 4300, "9" * 4301,
    "1" + "0" * 400, "0." + "0" * 400 + "1",
]  # fmt: skip

TOO_LARGE = ["1e6145", "1e-6145", "1e999999999", "-1e99999999999999999999", "9" * 7000]
"""Numbers that nothing holds."""

_whole = st.integers(0, 1000) | st.integers(0, 10**25)
_digits = st.integers(0, 10**25)
_zeros = st.sampled_from(["", "", "0", "000", "0" * 20])
_exponent = st.integers(-330, 330) | st.sampled_from([-6000, -400, -45, 45, 400, 6000])


def _written(sign: str, whole: int, zeros: str, digits: int | None, exponent: str) -> str:
    fraction = "" if digits is None else f".{zeros}{digits}"
    return f"{sign}{whole}{fraction}{exponent}"


NUMBERS = st.sampled_from(EDGES) | st.builds(
    _written,
    st.sampled_from(["", "-"]),
    _whole,
    _zeros,
    st.none() | _digits,
    st.sampled_from(["", "e+0", "E+12"])
    | _exponent.map(lambda exponent: f"e{exponent}")
    | _exponent.map(lambda exponent: f"E{exponent}"),
)
"""The texts of numbers that can be held."""


def exact(text: str) -> Decimal:
    """The number that a text writes. A zero has any exponent."""
    mantissa = text.lower().partition("e")[0]
    return Decimal(text) if mantissa.strip("-0.") else Decimal(0)


def exactly(text: bytes | str) -> Any:
    """JSON, its numbers as the decimals that they are."""
    return json.loads(text, parse_int=exact, parse_float=exact)
