"""What comes of holding a graph's declarations against its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from loaders.descriptions import ColumnDescription, Description
from loaders.resource import Resource


class Severity(StrEnum):
    """How sure a finding is, and how bad."""

    FAULT = "fault"
    """The source says that the declaration can't be kept."""

    HINT = "hint"
    """It works, and slower than it could, or not for every value."""

    UNKNOWN = "unknown"
    """It can't be told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: the schema coordinate of the type or field that it is about, the
    source and the resource, each None where it is about none, and a sentence that says what to
    do."""

    severity: Severity
    message: str
    coordinate: str | None = None
    source: str | None = None
    resource: str | None = None

    def __str__(self) -> str:
        where = self.coordinate or (f"source '{self.source}'" if self.source else "")
        return f"{where}: {self.message}" if where else self.message


Descriptions = Mapping[Resource, Description]
"""What the sources say of the graph's resources, of those that could be asked about."""


def told_column(told: Descriptions, resource: Resource, name: str) -> ColumnDescription | None:
    """What is said of the column; None where nothing is."""
    description = told.get(resource)
    columns = None if description is None else description.columns
    return None if columns is None else columns.get(name)


def fault(coordinate: str, resource: Resource, message: str) -> Finding:
    """A fault of a declaration over this resource."""
    return _of(Severity.FAULT, coordinate, resource, message)


def hint(coordinate: str, resource: Resource, message: str) -> Finding:
    """A hint about a declaration over this resource."""
    return _of(Severity.HINT, coordinate, resource, message)


def unknown(coordinate: str, resource: Resource, message: str) -> Finding:
    """What can't be told of a declaration over this resource."""
    return _of(Severity.UNKNOWN, coordinate, resource, message)


def _of(severity: Severity, coordinate: str, resource: Resource, message: str) -> Finding:
    return Finding(severity, message, coordinate, resource.source, str(resource))
