"""Global ids: how they are written, and read again, in one way wherever clients give one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from strawberry.relay import GlobalID, to_base64

from gateway.errors import NO_ID, BadUserInput
from loaders import keys
from loaders.errors import Unreadable
from loaders.resource import Resource
from resolvers.directives import BACKREF
from resolvers.fields import Node, ResolveInfo, definition_of


def global_id(type_name: str, resource: Resource, value: object) -> str:
    """The id by which the whole graph knows the row with this key (Relay's Global Object
    Identification). Raises Unreadable for a value that no id can be read as again."""
    try:
        key = value if type(value) is resource.key_type else resource.key_of(value)
        text = keys.written(key)
        if resource.key_type is not str:
            _read(resource.key_type, text)
        return to_base64(type_name, text)
    except ValueError:
        source, column = resource.source, resource.key
        reason = f"'{column}' is of type {type(value).__name__}, and no id can be made of it"
        raise Unreadable(source, reason) from None


def node_types(info: ResolveInfo) -> Mapping[str, type[Node]]:
    """The graph's types with a resource, by name."""
    types: Mapping[str, type[Node]] = info.schema.extensions[BACKREF].node_types
    return types


def read_id(node_types: Mapping[str, type[Node]], text: str) -> tuple[str, str]:
    """The type's name and the key's text that a global id writes. Raises BadUserInput unless it
    is the id of one of these types."""
    try:
        id_ = GlobalID.from_id(text)
    except ValueError:
        raise BadUserInput(NO_ID.format(text)) from None
    if id_.type_name not in node_types:
        raise BadUserInput(NO_ID.format(text))
    return id_.type_name, id_.node_id


def read_key(resource: Resource, written: str, text: str) -> Hashable:
    """The key that is ``written`` in the id ``text``. Raises BadUserInput if it is none."""
    try:
        return _read(resource.key_type, written)
    except ValueError:
        raise BadUserInput(NO_ID.format(text)) from None


def _read(type_: type, text: str) -> Hashable:
    """The key of this type whose text it is. Raises ValueError if there is none."""
    key = keys.read(type_, text)
    if isinstance(key, int) and abs(key) >= 2**63:
        raise ValueError("more than 64 bits")
    return key


def keys_of(
    node_types: Mapping[str, type[Node]], ids: Sequence[str], type_: type[Node]
) -> list[Hashable]:
    """The keys of the ids of one type. Raises BadUserInput for an id of another type."""
    found: list[Hashable] = []
    for text in ids:
        name, written = read_id(node_types, text)
        key = read_key(node_types[name].resource, written, text)
        if name != definition_of(type_).name:
            raise BadUserInput(f"'{text}' is not an id of type {definition_of(type_).name}.")
        found.append(key)
    return found
