"""Columns that their source holds encrypted, and the keys that these are encrypted by.

AES-256-GCM (NIST SP 800-38D) by a nonce of 96 random bits for each value. What a value is bound to
is authenticated with it: a value that somebody has moved to another column, or to the same one of
another resource, can't be read there.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from loaders.errors import Unreadable
from loaders.resource import Resource, Row

KEY_BYTES = 32
NONCE_BYTES = 12

PREFIX = "sluice:1"
"""What an encrypted value begins with: ``sluice:1:<id of the key>:<nonce, text and tag>``, the last
in base64url."""


class Undecipherable(ValueError):
    """A value that can't be decrypted. What it says has nothing of the value in it."""


class Keyring:
    """Keys of 32 bytes, by their ids. New values are encrypted by the ``current`` one, and all
    others are there for what was encrypted by them before."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        self.current = current
        self._keys = {id: AESGCM(key) for id, key in keys.items()}

    def encrypt(self, text: str, resource: Resource, column: str) -> str:
        """The text as the column's value."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._keys[self.current].encrypt(
            nonce, text.encode(), _bound_to(self.current, resource, column)
        )
        return f"{PREFIX}:{self.current}:{urlsafe_b64encode(nonce + sealed).decode()}"

    def decrypt(self, value: str, resource: Resource, column: str) -> str:
        """The text of a column's value: the value itself where it is not encrypted yet. Raises
        Undecipherable."""
        if not is_encrypted(value):
            return value
        id, _, sealed = value[len(PREFIX) + 1 :].partition(":")
        key = self._keys.get(id)
        if key is None:
            raise Undecipherable(f"the key {id!r:.60} is not among encryption.keys")
        try:
            data = b64decode(sealed, altchars=b"-_", validate=True)
            if urlsafe_b64encode(data).decode() != sealed:
                raise ValueError("Python takes more than is base64url")
            nonce, data = data[:NONCE_BYTES], data[NONCE_BYTES:]
            return key.decrypt(nonce, data, _bound_to(id, resource, column)).decode()
        except (NoBase64, ValueError, InvalidTag) as error:
            raise Undecipherable(
                f"it was not encrypted for this column by the key {id!r:.60}, or is damaged"
            ) from error


@dataclass(frozen=True, slots=True)
class Encryption:
    """Which ``columns`` are encrypted, by the ids of their resources, and their keys."""

    columns: Mapping[Hashable, frozenset[str]]
    keyring: Keyring

    def read(self, row: Row, resource: Resource) -> Row:
        """The row with the texts of its encrypted columns. One that can't be decrypted is
        Unreadable."""
        # Rows can have more columns than were asked for, and be found by a later ask for these.
        encrypted = self.columns.get(resource.id, frozenset())
        there = [column for column in encrypted if row.get(column) is not None]
        if not there:
            return row
        return {**row, **{each: self._text(row[each], resource, each) for each in there}}

    def sealed(self, values: Mapping[str, object], resource: Resource) -> Mapping[str, object]:
        """The values as they are to be stored."""
        encrypted = self.columns.get(resource.id, frozenset()).intersection(values)
        texts = {each: text for each in encrypted if isinstance(text := values[each], str)}
        if not texts:
            return values
        encrypt = self.keyring.encrypt
        return {**values, **{each: encrypt(texts[each], resource, each) for each in texts}}

    def _text(self, value: object, resource: Resource, column: str) -> str | Unreadable:
        if isinstance(value, Unreadable):
            return value
        if not isinstance(value, str):
            said = f"{resource}.{column} is encrypted, and holds no text"
            return Unreadable(resource.source, said)
        try:
            return self.keyring.decrypt(value, resource, column)
        except Undecipherable as error:
            return Unreadable(resource.source, f"{resource}.{column}: {error}")

    def of_source(self, name: str) -> bool:
        """Whether the source has any of them."""
        return any(isinstance(id, tuple) and id[0] == name for id in self.columns)


def is_encrypted(value: str) -> bool:
    """Whether a value is encrypted, by whatever key."""
    return value.startswith(f"{PREFIX}:")


def _bound_to(key: str, resource: Resource, column: str) -> bytes:
    return "\0".join((PREFIX, key, *resource.id, column)).encode()
