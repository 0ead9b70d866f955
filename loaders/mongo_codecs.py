"""What BSON's values are in Python, as texts, and in places."""

from __future__ import annotations

import re
from decimal import Decimal
from struct import Struct

import bson
from bson import ObjectId
from bson.binary import Binary, UuidRepresentation
from bson.code import Code
from bson.codec_options import (
    CodecOptions,
    DatetimeConversion,
    TypeCodec,
    TypeDecoder,
    TypeEncoder,
    TypeRegistry,
)
from bson.datetime_ms import DatetimeMS
from bson.dbref import DBRef
from bson.decimal128 import Decimal128
from bson.errors import BSONError, InvalidDocument
from bson.max_key import MaxKey
from bson.min_key import MinKey
from bson.regex import Regex
from bson.timestamp import Timestamp

from loaders.errors import Unreadable
from loaders.keys import TEXTUAL
from loaders.paths import DOCUMENTS
from loaders.places import CODECS, Codec, Codecs, Stored
from loaders.texts import TEXTS, time_text

Document = dict[str, object]

REGEX_FLAGS = {re.I: "i", re.M: "m", re.S: "s", re.U: "u", re.X: "x"}


def _timestamp_text(value: Timestamp) -> str:
    return time_text(value.as_datetime())


def _regex_text(value: Regex[str]) -> str:
    flags = "".join(letter for flag, letter in REGEX_FLAGS.items() if value.flags & flag)
    return f"/{value.pattern}/{flags}"


def _no_text(value: object) -> str:
    raise ValueError(f"{type(value).__name__} has no text")


TEXTS[Timestamp] = _timestamp_text
TEXTS[Regex] = _regex_text
TEXTS |= dict.fromkeys((MinKey, MaxKey, DBRef), _no_text)

TEXTUAL.append(ObjectId)

DOCUMENTS[DBRef] = DBRef.as_doc

UNFIT = (BSONError, ArithmeticError, UnicodeEncodeError)
"""What the driver raises for a value that BSON can't hold. Decimal128 raises decimal's errors,
which are arithmetic ones as OverflowError is."""

HALVES = Struct("<QQ")
LARGEST_SIGNIFICAND = 10**34 - 1


class DecimalCodec(TypeCodec):
    """BSON's Decimal128 as Python's Decimal, both ways."""

    python_type = Decimal
    bson_type = Decimal128

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)

    def transform_bson(self, value: Decimal128) -> Decimal:
        # Six times as fast as to_decimal(), which for a page of prices is most of its decoding:
        # by way of a text for the usual form (BSON's specification; IEEE 754-2008, 3.5.2, binary
        # encoding), which is any number of up to 34 digits.
        low, high = HALVES.unpack(value.bid)
        significand = (high & 0x1_FFFF_FFFF_FFFF) << 64 | low
        if high >> 61 & 3 == 3 or significand > LARGEST_SIGNIFICAND:
            return value.to_decimal()
        sign = "-" if high >> 63 else ""
        return Decimal(f"{sign}{significand}E{(high >> 49 & 0x3FFF) - 6176}")


class _StoredCodec(TypeEncoder):
    """What places hold of values that Python has none for, as BSON."""

    python_type = Stored

    def transform_python(self, value: Stored) -> object:
        try:
            return bson.decode(bytes.fromhex(value.text), codec_options=BSON_OPTIONS)[""]
        except (BSONError, ValueError, KeyError, RecursionError) as error:
            # A forged cursor can hold anything.
            raise InvalidDocument("no value in BSON") from error


BSON_OPTIONS: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    uuid_representation=UuidRepresentation.STANDARD,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)
"""Of values that stay what they are in BSON."""

READ_OPTIONS = BSON_OPTIONS.with_options(type_registry=TypeRegistry([DecimalCodec()]))
"""Of values as rows have them."""


def _bson_text(value: object) -> str:
    """The value as BSON has it, as a text that places hold. Raises TypeError if BSON has none."""
    try:
        return bson.encode({"": value}, codec_options=READ_OPTIONS).hex()
    except (BSONError, OverflowError) as error:
        raise TypeError("a document of which BSON has none") from error


PLACE_CODECS: Codecs = {
    **CODECS,
    ObjectId: Codec("o", str, ObjectId),
    **dict.fromkeys(
        (Binary, Code, DBRef, MaxKey, MinKey, Regex, Timestamp, dict),
        Codec("r", _bson_text, Stored),
    ),
}
"""How places hold values of BSON."""


class _OutOfRange(TypeDecoder):
    """What the driver makes of a time that Python has none for."""

    bson_type = DatetimeMS

    def __init__(self, source: str) -> None:
        self._source = source

    def transform_bson(self, value: DatetimeMS) -> Unreadable:
        return Unreadable(
            self._source, "a date outside the years 1 to 9999", stored=_bson_text(value)
        )


def options_of(source: str) -> CodecOptions[Document]:
    """How the values of a source's documents are read and sent."""
    return BSON_OPTIONS.with_options(
        # A text that is not UTF-8 is read, and can't be shown.
        unicode_decode_error_handler="surrogateescape",
        type_registry=TypeRegistry([DecimalCodec(), _StoredCodec(), _OutOfRange(source)]),
    )
