"""Numbers of 32 bits, as PostgreSQL's ``real`` has them."""

from __future__ import annotations

from math import copysign, inf
from struct import Struct

PRECISIONS = (".6g", ".7g", ".8g", ".9g")
SMALL_PRECISIONS = (".1g", ".2g", ".3g", ".4g", ".5g", *PRECISIONS)
"""The digits that a number of 32 bits may need; the first with which it is read again is right."""

SMALLEST = 2.0**-126
"""The smallest number of 32 bits that has all its bits."""

REAL = Struct(">f")
BITS = Struct(">i")


def read_real(raw: bytes) -> float:
    """The number with these bits: the float that is written in the fewest digits of those that are
    nearest to it."""
    (number,) = REAL.unpack(raw)
    for precision in PRECISIONS if abs(number) >= SMALLEST else SMALL_PRECISIONS:
        shorter = float(format(number, precision))
        try:
            if REAL.pack(shorter) == raw:
                return shorter
        except OverflowError:
            # Rounded up, it is beyond the largest one.
            continue
    # It is no number, of which there are many.
    return float(number)


def real_of(number: float) -> float:
    """The number of 32 bits that is nearest, as ``read_real`` has it."""
    try:
        return read_real(REAL.pack(number))
    except OverflowError:
        return copysign(inf, number)


def real_below(number: float) -> float:
    """The next lower one. Raises ValueError for the lowest, which is -Infinity."""
    if number == -inf:
        raise ValueError("nothing is below -Infinity")
    (bits,) = BITS.unpack(REAL.pack(number))
    if number == 0:
        return read_real(b"\x80\x00\x00\x01")
    # Negative numbers have the first bit, and count the other way.
    return read_real(BITS.pack(bits - 1 if number > 0 else bits + 1))
