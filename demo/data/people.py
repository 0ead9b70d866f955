"""Customers and their addresses."""

import unicodedata
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from demo.data.common import FIRST_ORDER, REFERENCE, chance, words

CUSTOMERS = 1_000
FIRST_CUSTOMER = datetime(2023, 1, 9, 7, 30, tzinfo=UTC)
MAIL_DOMAINS = ("example.com", "example.org", "example.net")
LETTERS = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "\u0131": "i", "ø": "o", " ": "", "'": ""})


class Customer(NamedTuple):
    id: int
    email: str
    name: str
    phone: str | None
    birthday: date | None
    currency: str
    marketing_opt_in: bool
    created_at: datetime


class Address(NamedTuple):
    id: int
    customer_id: int
    kind: str
    recipient: str
    line1: str
    line2: str | None
    postal_code: str
    city: str
    region: str | None
    country: str


class People(NamedTuple):
    customers: list[Customer]
    """By id, which is also the order they signed up in."""
    addresses: list[Address]
    shipping_addresses: dict[int, list[Address]]
    """Those of kind SHIPPING, by customer; every customer has one."""


def digits(pattern: str, rng: Random) -> str:
    """The pattern with a random digit for each #."""
    return "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in pattern)


def mailbox(name: str) -> str:
    first, _, last = name.partition(" ")
    plain = f"{first}.{last}".translate(LETTERS).lower()
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


def signed_up(rng: Random) -> list[datetime]:
    """When each customer came: four in ten before the first order, then ever more often."""
    before = (FIRST_ORDER - FIRST_CUSTOMER) * 0.98
    after = REFERENCE - FIRST_ORDER - timedelta(days=5)
    early = [FIRST_CUSTOMER + before * rng.random() for _ in range(CUSTOMERS * 4 // 10 - 1)]
    late = [FIRST_ORDER + after * rng.random() ** 0.8 for _ in range(CUSTOMERS * 6 // 10)]
    return [FIRST_CUSTOMER, *sorted(early), *sorted(late)]


def address(
    id: int, customer: Customer, kind: str, country: dict[str, Any], rng: Random
) -> Address:
    city, region, postal_code = rng.choice(country["cities"])
    line1 = country["line"].format(
        street=rng.choice(country["streets"]), house=rng.randrange(1, 140)
    )
    line2 = rng.choice(("2nd floor", "Apt. 4", "c/o Reception", "Rear building"))
    return Address(
        id,
        customer.id,
        kind,
        customer.name,
        line1,
        line2 if rng.random() < 0.15 else None,
        digits(postal_code, rng),
        city,
        region or None,
        country["code"],
    )


@cache
def people() -> People:
    rng = chance("people")
    countries = words("people")["countries"]
    bounds = list(accumulate(country["weight"] for country in countries))
    result = People([], [], {})
    mailboxes: set[str] = set()
    for id, created_at in enumerate(signed_up(rng), start=1):
        country = countries[bisect_left(bounds, 1 + rng.randrange(bounds[-1]))]
        name = f"{rng.choice(country['first'])} {rng.choice(country['last'])}"
        domain = rng.choice(MAIL_DOMAINS)
        if id == 1:
            name, domain = "Ada Martin", "example.com"
            country = next(country for country in countries if country["code"] == "FR")
        email = f"{mailbox(name)}@{domain}"
        if email in mailboxes:
            email = f"{mailbox(name)}{id}@{domain}"
        mailboxes.add(email)
        phones = country["phones"]
        customer = Customer(
            id,
            email,
            name,
            digits(rng.choice(phones), rng) if phones and rng.random() < 0.8 else None,
            date(1946, 1, 1) + timedelta(days=rng.randrange(22_000))
            if rng.random() < 0.7
            else None,
            country["currency"],
            rng.random() < 0.4,
            created_at.replace(microsecond=created_at.microsecond // 1000 * 1000),
        )
        result.customers.append(customer)
        for kind in ("SHIPPING", "BILLING", "SHIPPING")[: rng.choice((1, 1, 2, 2, 3))]:
            own = address(len(result.addresses) + 1, customer, kind, country, rng)
            result.addresses.append(own)
            if kind == "SHIPPING":
                result.shipping_addresses.setdefault(id, []).append(own)
    return result
