"""Reads the settings, from ``gateway.toml`` and the environment. Nothing else reads either.

A variable is named ``SLUICE_`` and the setting's place, sections joined by two underscores, as in
``SLUICE_SOURCES__SHOP__URL``. It wins over the file. A section or a list can be given as JSON.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.settings import Settings
from loaders.kinds import Kind, kind_named

FILE = Path("gateway.toml")
PREFIX = "SLUICE_"

INJECTED = re.compile(
    r"PORT|PORT_.*|SERVICE_.*|\w+_SERVICE_(HOST|PORT|PORT_\w+)|\w+_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?"
)
"""What Kubernetes sets in every container where there is a service named sluice, or sluice-shop
(its documentation, "Service", "Environment variables"). The prefix is left out."""

INJECTED_ADDRESS = re.compile(r"(tcp|udp|sctp)://")
"""What it sets ``SLUICE_SHOP_PORT`` to. Without that, ``SLUICE_SERVER_PORT`` is a mistake."""

DEMO = frozenset({"SHOP_DSN", "CATALOG_URL"})
"""What the demo's data are loaded by: demo/seed.py."""

WORDS = {"zoneinfo_str": "must be the name of a time zone, such as UTC or Europe/Prague"}
"""What is said of faults in place of pydantic's words."""

NO_SECTION = frozenset({"model_type", "model_attributes_type", "dict_type", "mapping_type"})
"""pydantic's errors for what should be a section."""

Place = tuple[str | int, ...]
"""The names, and numbers in lists, that lead to a setting."""


class SettingsError(Exception):
    """The settings can't be used. The message has a line for each fault, and no value."""


def read_settings() -> Settings:
    """The settings of this folder and environment. Raises ``SettingsError``."""
    values = _file()
    variables = _environment(values)
    for _ in range(2):
        try:
            return Settings.model_validate(values)
        except ValidationError as error:
            faults = error.errors(include_input=False, include_url=False)
        texts = [each["loc"] for each in faults if each["type"] == "string_type"]
        for place in set(texts) & variables.keys():
            # A text that is JSON, such as a public key.
            _section(values, place)[place[-1]] = os.environ[variables[place]]
    raise SettingsError(_told(faults, values, variables))


def _file() -> dict[str, Any]:
    try:
        return tomllib.loads(FILE.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{FILE} is not TOML: {error}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{FILE} can't be read: it is not in UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{FILE} can't be read: {error.strerror}") from None


def _environment(values: dict[str, Any]) -> dict[Place, str]:
    """Puts what the environment says into the values, over what stands there; returns which
    variable says what."""
    variables: dict[Place, str] = {}
    # A section as JSON comes before the settings in it, since its name is shorter.
    for name, text in sorted(os.environ.items()):
        if not name.upper().startswith(PREFIX) or _is_anothers(name, text):
            continue
        place = _place(values, name[len(PREFIX) :].lower().split("__"))
        if place in variables:
            raise SettingsError(f"{variables[place]} and {name} are the same setting. Keep one.")
        variables[place] = name
        section = _section(values, place)
        section[place[-1]] = _joined(section.get(place[-1]), _read(text))
    return variables


def _is_anothers(name: str, text: str) -> bool:
    rest = name[len(PREFIX) :]
    return (
        INJECTED.fullmatch(rest) is not None
        or (rest.endswith("_PORT") and INJECTED_ADDRESS.match(text) is not None)
        or rest in DEMO
    )


def _place(values: Mapping[str, Any], names: list[str]) -> tuple[str, ...]:
    """The place that a variable's names mean: shells have no small letters in them by custom, and
    no hyphens, so ``[sources.My-Shop]`` is meant by ``SOURCES__MY_SHOP``."""
    place: list[str] = []
    inside: Any = values
    for name in names:
        known = list(inside) if isinstance(inside, Mapping) else []
        if name not in known:
            alike = [each for each in known if each.lower().replace("-", "_") == name]
            name = alike[0] if len(alike) == 1 else name
        place.append(name)
        inside = inside.get(name) if isinstance(inside, Mapping) else None
    return tuple(place)


def _section(values: dict[str, Any], place: Place) -> Any:
    """The section in which the place is, made if it is not there."""
    section: Any = values
    for name in place[:-1]:
        if not isinstance(section.get(name), dict):
            section[name] = {}
        section = section[name]
    return section


def _read(text: str) -> Any:
    if text.startswith(("{", "[")):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    return text


def _joined(before: Any, after: Any) -> Any:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    return before | {name: _joined(before.get(name), each) for name, each in after.items()}


def _told(
    faults: list[ErrorDetails], values: Mapping[str, Any], variables: Mapping[Place, str]
) -> str:
    known = list(_known(Settings, values))
    lines: list[str] = []
    meant: set[Place] = set()
    for fault in faults:
        place = fault["loc"]
        if fault["type"] == "extra_forbidden":
            near = _nearest(place, known)
            meant |= {near} if near else set()
            lines += _unknown(place, near, known, variables)
    for fault in faults:
        place, type_ = fault["loc"], fault["type"]
        if type_ == "extra_forbidden" or (type_ == "missing" and place in meant):
            continue  # what is missing is there, under the wrong name
        if type_ == "no_kind" and (other := _misnamed(place[:-1], known, variables)):
            lines += _unknown(place[:-1], other, known, variables)
            continue
        reason = "must be a section" if type_ in NO_SECTION else WORDS.get(type_, fault["msg"])
        name = variables.get(place) or _dotted(place)
        lines.append(f"{name}: " * bool(place) + reason.removeprefix("Value error, "))
    return "\n".join(("The settings can't be used:", *(f"  {line}" for line in lines)))


def _unknown(
    place: Place, near: Place | None, known: list[Place], variables: Mapping[Place, str]
) -> Iterator[str]:
    """A line for each variable that has the unknown name in it; one if it stands in the file."""
    flat = {_flat(each): each for each in known}
    named = [(_dotted(place), near and _dotted(near))]
    if under := _under(place, variables):
        rests = {each: near and (*near, *each[len(place) :]) for each in under}
        meant = {each: flat.get(_flat(each), rest) for each, rest in rests.items()}
        named = [(variables[each], its and _variable(its)) for each, its in meant.items()]
    for name, right in named:
        hint = f"; did you mean {right}?" if right else ""
        yield f"{name}: there is no such setting{hint}"


def _misnamed(source: Place, known: list[Place], variables: Mapping[Place, str]) -> Place | None:
    """The source that was meant by one of which there is nothing but variables."""
    others = [each for each in known if each != source]
    return _nearest(source, others) if _under(source, variables) else None


def _under(place: Place, variables: Mapping[Place, str]) -> list[Place]:
    return [each for each in variables if each[: len(place)] == place]


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))


def _variable(place: Place) -> str:
    return PREFIX + "__".join(str(name).upper().replace("-", "_") for name in place)


def _nearest(place: Place, known: list[Place]) -> Place | None:
    """The known place that was most likely meant by this one."""
    flat = {_flat(each): each for each in known}
    # A variable's one name may be a whole place, joined by single underscores: SERVER_PORT.
    whole = get_close_matches(_flat(place), flat, n=1, cutoff=0.85)
    if whole and len(place) == 1:
        return flat[whole[0]]
    beside = {_flat(each[-1:]): each for each in known if each[:-1] == place[:-1]}
    close = get_close_matches(_flat(place[-1:]), beside, n=1)
    return beside[close[0]] if close else flat.get(_flat(place))


def _flat(place: Place) -> str:
    return re.sub("[-_]+", "_", "_".join(map(str, place))).lower()


def _known(model: type[BaseModel], values: Any, at: Place = ()) -> Iterator[Place]:
    """The places of all settings, of those sources and issuers that are named."""
    for name, field in model.model_fields.items():
        place = (*at, name)
        yield place
        inside = values.get(name) if isinstance(values, Mapping) else None
        section = _model_in(field.annotation)
        if section is None:
            continue
        several: Any = ()
        if get_origin(field.annotation) in (dict, Mapping):
            several = inside.items() if isinstance(inside, Mapping) else ()
        elif get_origin(field.annotation) is tuple:
            several = enumerate(inside) if isinstance(inside, list) else ()
        else:
            yield from _known(section, inside, place)
        for each, its in several:
            yield (*place, each)
            yield from _known(_kind_of(its) if section is Kind else section, its, (*place, each))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(each) for each in get_args(annotation))
    return next((each for each in found if each is not None), None)


def _kind_of(source: Any) -> type[BaseModel]:
    try:
        return kind_named(source["kind"])
    except (TypeError, KeyError, ValueError):
        return Kind
