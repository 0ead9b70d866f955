"""Operations for the schema of ``world``, made by Hypothesis: valid ones, with any variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from graphql import get_named_type, is_leaf_type
from hypothesis import strategies as st

from tests.engine.choices import Choices
from tests.engine.world import TYPES, mix

VARIABLES = {
    "i": "Int",
    "seven": "Int = 7",
    "need": "Int!",
    "s": "String",
    "f": "Filter",
    "c": "Color = BLUE",
    "m": "Money",
    "yes": "Boolean!",
    "no": "Boolean! = false",
    "maybe": "Boolean = true",
}

LITERALS = {
    "i": ("1", "null", "$i", "$seven", "$need"),
    "n": ("1", "$need", "$seven"),
    "need": ("2", "$need"),
    "f": (
        "{}",
        "null",
        "$f",
        "{color: RED, tags: []}",
        '{least: 9, tags: ["a", "b"], inner: {color: null}}',
        '{inner: $f, color: $c, m: "1.5"}',
        "{least: $need, tags: []}",
    ),
    "fs": ("[]", "[{}]", "{}", "[{color: $c}, {m: $m}]"),
    "c": ("GREEN", "$c", "null"),
    "m": ('"12.50"', "$m", "null", "5", '"x"'),
    "s": ('"text"', "$s", "null", '"""block"""'),
    "ls": ("[[1, 2], null]", "1", "[[$i, 2]]", "null"),
}

CONDITIONS = (
    " @skip(if: $no)",
    " @skip(if: $yes)",
    " @include(if: $yes)",
    " @include(if: false)",
    " @skip(if: false) @include(if: $no)",
    " @include(if: $maybe)",
)

LEAVES = [name for name, type_ in TYPES.items() if is_leaf_type(get_named_type(type_))]
NODES = [name for name in TYPES if name not in LEAVES]
ABOVE = {
    "Cat": ("Cat", "Being", "Thing"),
    "Dog": ("Dog", "Being", "Thing"),
    "Rock": ("Rock", "Thing"),
    "Being": ("Being", "Cat", "Dog", "Thing"),
    "Thing": ("Thing", "Cat", "Dog", "Rock", "Being"),
    "Query": ("Query",),
    "Mutation": ("Mutation",),
}
"""The types that a fragment may be on, by the type where it stands."""


@dataclass(frozen=True)
class Operation:
    """A document of one operation, with values for its variables."""

    document: str
    variables: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.document}\n{self.variables!r}"


def operations() -> st.SearchStrategy[Operation]:
    choices = st.binary(min_size=160, max_size=480)
    return choices.map(_written)


def _written(choices: bytes) -> Operation:
    return _Writer(iter(choices)).operation()


VALUES: dict[str, tuple[Any, ...]] = {
    "need": (1, 0, -3),
    "yes": (True, False),
    "i": (0, None, -4, 2**31 - 1, 2),
    "seven": (8, None),
    "s": ("", None, "été"),
    "f": ({}, None, {"color": "RED", "least": 4}, {"tags": ["x"], "inner": {"m": "2.25"}}),
    "c": ("RED", None),
    "m": ("3.99", None),
    "no": (False, True),
    "maybe": (True, False, True, False, None),
}

AMISS: dict[str, tuple[Any, ...]] = {
    "need": (None, "1"),
    "i": (2**31, "1", 1.5),
    "f": ({"tags": [None]}, {"color": "PINK"}, {"inner": {"m": "x"}, "else": 1}),
    "c": ("PINK", 1),
    "m": ("x", 4),
}


@dataclass
class _Writer(Choices):
    """Writes an operation."""

    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    left: int = 50

    def operation(self) -> Operation:
        kind = "mutation" if self.chance(5) else "query"
        # Fragments first: each may spread those before it.
        for i in range(self.number(0, 3)):
            on = self.one(("Cat", "Dog", "Rock", "Being", "Thing"))
            body = self.selection(on, 2)
            self.fragments[f"F{i}"] = (on, f"fragment F{i} on {on} {body}")
        rest = self.selection(kind.capitalize(), 4, least=3)
        for name, (_, definition) in reversed(self.fragments.items()):
            if f"...{name}" in rest:
                rest += f"\n{definition}"
        used = set(re.findall(r"\$(\w+)", rest))
        variables = ", ".join(f"${name}: {VARIABLES[name]}" for name in VARIABLES if name in used)
        head = f"{kind} ({variables})" if variables else kind
        if self.chance(8):
            head += " @experimental_disableErrorPropagation"
        return Operation(f"{head} {rest}", self.variables(used))

    def variables(self, used: set[str]) -> dict[str, Any]:
        """A value for each variable that is used, unless it may go without one."""
        values = {
            name: self.one(VALUES[name])
            for name in VARIABLES
            if name in used and (name in ("need", "yes") or self.chance(2))
        }
        amiss = [name for name in values if name in AMISS]
        if amiss and self.chance(8):
            name = self.one(amiss)
            values[name] = self.one(AMISS[name])
        return values

    def selection(self, on: str, depth: int, least: int = 1) -> str:
        parts = [self.part(on, depth) for _ in range(self.number(least, least + 4))]
        return "{ " + " ".join(parts) + " }"

    def part(self, on: str, depth: int) -> str:
        what = self.number(0, 9)
        if what == 0:
            return "__typename" + self.condition()
        if what == 1 and depth:
            inner = self.one(ABOVE[on])
            condition = self.one(("", f"on {inner}"))
            body = self.selection(inner if condition else on, depth - 1)
            return f"... {condition}{self.condition()} {body}"
        if what == 2 and self.fragments and on not in ("Query", "Mutation"):
            usable = [name for name, (of, _) in self.fragments.items() if of in ABOVE[on]]
            if usable:
                return f"...{self.one(usable)}{self.condition()}"
        if on == "Thing":
            # A union has no fields of its own.
            member = self.one(("Cat", "Dog", "Rock", "Being"))
            return f"... on {member} {{ {self.field(member, depth)} }}"
        return self.field(on, depth)

    def field(self, on: str, depth: int) -> str:
        self.left -= 1
        if not depth or self.left < 0 or self.chance(2):
            name = self.one(LEAVES)
            arguments = self.arguments() if name.endswith("Echo") else ""
            # One response key is one field with the same arguments.
            alias = f"e{mix(arguments)}{name}: " if arguments else self.alias(name)
            return f"{alias}{name}{arguments}{self.condition()}"
        name = self.one(NODES)
        type_ = get_named_type(TYPES[name]).name
        return f"{self.alias(name)}{name}{self.condition()} {self.selection(type_, depth - 1)}"

    def alias(self, name: str) -> str:
        return self.one(("", "", f"a{name}: ", f"b{name}: "))

    def arguments(self) -> str:
        given = [
            f"{name}: {self.one(values)}" for name, values in LITERALS.items() if self.chance(4)
        ]
        return f"({', '.join(given)})" if given else ""

    def condition(self) -> str:
        return self.one(CONDITIONS) if self.chance(3) else ""
