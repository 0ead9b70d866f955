"""What a row filter or a policy reads of an identity, declared, and no more given to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Concatenate, Generic, ParamSpec, TypeVar

from loaders.declarations import Declared, declaration
from loaders.identity import Identity

Given = ParamSpec("Given")
Said = TypeVar("Said", covariant=True)
Scope = TypeVar("Scope")


class UndeclaredRead(TypeError):
    """A function read something of an identity that it does not declare."""

    def __init__(self, what: str, declared: str) -> None:
        super().__init__(f"it reads {what} of an identity without declaring it: reads({declared})")


@dataclass(frozen=True, slots=True)
class Reads(Declared):
    """What a function reads of an identity: some of its ``claims`` and ``scopes``, its ``subject``,
    its ``client``, its ``issuer``, whether it is anonymous, and the ``time`` at which it asks."""

    claims: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    subject: bool = False
    client: bool = False
    anonymity: bool = False
    time: bool = False
    issuer: bool = False


@dataclass(frozen=True, slots=True)
class Reading(Generic[Given, Said]):
    """A function of an identity that is given no more of it than it ``reads``."""

    function: Callable[Concatenate[Identity, Given], Said]
    reads: Reads

    def __call__(self, identity: Identity, *args: Given.args, **given: Given.kwargs) -> Said:
        return self.function(_Narrowed(identity, self.reads), *args, **given)


@declaration
def reads(
    *,
    claims: Iterable[str] = (),
    scopes: Iterable[str] = (),
    subject: bool = False,
    client: bool = False,
    anonymity: bool = False,
    time: bool = False,
    issuer: bool = False,
) -> Callable[[Callable[Concatenate[Identity, Given], Said]], Reading[Given, Said]]:
    """Has a row filter, or a policy, be given this of an identity and nothing else::

    @reads(claims=["customer_id"], scopes=["orders:read"])
    def visible_orders(identity): ...

    Reading anything else raises ``UndeclaredRead``, so that no row is seen. A function without it
    is given everything, and is taken to depend on everything.
    """
    declared = Reads(frozenset(claims), frozenset(scopes), subject, client, anonymity, time, issuer)

    def made(function: Callable[Concatenate[Identity, Given], Said]) -> Reading[Given, Said]:
        return Reading(function, declared)

    return made


DECLARED = {
    "subject": "subject",
    "client": "client",
    "issuer": "issuer",
    "is_anonymous": "anonymity",
    "now": "time",
}
"""What is read whole, and as what it is declared."""


class _Narrowed(Identity):
    """An identity of which nothing is to be had but what is declared."""

    __slots__ = ("_identity", "_reads")

    def __init__(self, identity: Identity, reads: Reads) -> None:
        object.__setattr__(self, "_identity", identity)
        object.__setattr__(self, "_reads", reads)

    def __getattribute__(self, name: str) -> object:
        identity: Identity = object.__getattribute__(self, "_identity")
        reads: Reads = object.__getattribute__(self, "_reads")
        match name:
            case "claims":
                return _Claims(identity.claims, reads.claims)
            case "scopes":
                return _Scopes(identity.scopes, reads.scopes)
            case "credential" | "expires_at":
                raise UndeclaredRead(f"the {name}", "…, which has none for it")
            case name if name in DECLARED:
                if not getattr(reads, DECLARED[name]):
                    raise UndeclaredRead(f"'{name}'", f"{DECLARED[name]}=True")
                return getattr(identity, name)
            case "__class__":
                return _Narrowed
            case _:
                # A copy, or a pickle, would be of all of it.
                raise UndeclaredRead(f"'{name}'", "…, which has none for it")


class _Claims(Mapping[str, object]):
    def __init__(self, claims: Mapping[str, object], declared: Set[str]) -> None:
        self._claims = claims
        self._declared = declared

    def __getitem__(self, name: str) -> object:
        if name not in self._declared:
            raise UndeclaredRead(f"the claim '{name}'", f"claims=['{name}']")
        return self._claims[name]

    def __iter__(self) -> Iterator[str]:
        # Who goes through all of them goes by those that are not declared, too.
        raise UndeclaredRead("all claims", "…, which takes the name of each")

    def __len__(self) -> int:
        raise UndeclaredRead("all claims", "…, which takes the name of each")


class _Scopes(Set[str]):
    def __init__(self, scopes: Set[str], declared: Set[str]) -> None:
        self._scopes = scopes
        self._declared = declared

    def __contains__(self, scope: object) -> bool:
        if scope not in self._declared:
            raise UndeclaredRead(f"the scope '{scope}'", f"scopes=['{scope}']")
        return scope in self._scopes

    def __iter__(self) -> Iterator[str]:
        raise UndeclaredRead("all scopes", "…, which takes the name of each")

    def __len__(self) -> int:
        raise UndeclaredRead("all scopes", "…, which takes the name of each")

    @classmethod
    def _from_iterable(cls, scopes: Iterable[Scope]) -> Set[Scope]:
        return frozenset(scopes)
