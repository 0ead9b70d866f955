"""Whether the sources that a graph uses are configured, and of the kinds that it takes them for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loaders.declarations import nearest
from loaders.kinds import Kind
from loaders.resource import Resource
from resolvers.checks.places import Declarations
from resolvers.checks.sources.findings import Finding, Severity, fault


def is_served(resource: Resource, sources: Mapping[str, Kind]) -> bool:
    """Whether there is such a source, of a kind that has such resources."""
    kind = sources.get(resource.source)
    return kind is not None and isinstance(resource, kind.resources)


def sources_are_configured(
    declared: Declarations, sources: Mapping[str, Kind]
) -> Iterator[Finding]:
    """Faults for sources that are not there or of another kind, hints for those that nothing
    uses."""
    resources = declared.resources()
    missing: dict[str, str] = {}
    for resource, coordinate in resources.items():
        kind = sources.get(resource.source)
        if kind is None:
            if resource.source not in missing:
                missing[resource.source] = coordinate
                meant = nearest(resource.source, sources)
                yield fault(
                    coordinate,
                    resource,
                    f"the settings have no source '{resource.source}'"
                    + (f"; did you mean '{meant}'? " if meant else ": ")
                    + f"Write [sources.{resource.source}] in gateway.toml, or correct source=",
                )
        elif not is_served(resource, sources):
            yield fault(
                coordinate,
                resource,
                f"{resource} is a {type(resource).__name__}, and the source '{resource.source}' "
                f"is of kind '{kind.kind}', which has {kind.resources.__name__}s: declare that, or "
                "correct source=",
            )
    used = {resource.source for resource in resources}
    for name in sources:
        if name not in used:
            yield Finding(
                Severity.HINT,
                "no type of the graph uses it: take it out of the settings",
                None,
                name,
            )
