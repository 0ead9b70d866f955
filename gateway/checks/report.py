"""What a check has found, as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from resolvers.checks.faults import DeclarationError
from resolvers.checks.sources.findings import Finding, Severity

PLURALS = {Severity.FAULT: "faults", Severity.HINT: "hints", Severity.UNKNOWN: "unknown"}


@dataclass(frozen=True)
class Report:
    """All findings, faults first. ``unreached`` are the sources that could not be asked, or not
    about everything."""

    findings: tuple[Finding, ...]
    unreached: frozenset[str] = frozenset()

    @staticmethod
    def of(findings: list[Finding], unreached: frozenset[str] = frozenset()) -> Report:
        order = list(Severity)
        return Report(
            tuple(sorted(findings, key=lambda each: order.index(each.severity))), unreached
        )

    @staticmethod
    def of_refused(error: DeclarationError) -> Report:
        """That of a graph which does not load, so that its sources were not asked."""
        faults = (Finding(Severity.FAULT, each.message, each.coordinate) for each in error.faults)
        return Report(tuple(faults))

    @property
    def faults(self) -> list[Finding]:
        return [each for each in self.findings if each.severity is Severity.FAULT]

    def count(self, severity: Severity) -> int:
        return sum(each.severity is severity for each in self.findings)

    @property
    def summary(self) -> str:
        """Such as "1 fault, 2 hints, 0 unknown"."""
        counts = {each: self.count(each) for each in Severity}
        return ", ".join(
            f"{count} {each if count == 1 else PLURALS[each]}" for each, count in counts.items()
        )

    def lines(self) -> Iterator[str]:
        """A line for each finding, and one that counts them."""
        for each in self.findings:
            yield f"{each.severity}: {each}"
        yield self.summary

    def as_dict(self) -> dict[str, Any]:
        """What ``gateway check --json`` writes. Names are only ever added to it."""
        return {
            **{PLURALS[each]: self.count(each) for each in Severity},
            "unreached": sorted(self.unreached),
            "findings": [
                {
                    "severity": str(each.severity),
                    "coordinate": each.coordinate,
                    "source": each.source,
                    "resource": each.resource,
                    "message": each.message,
                }
                for each in self.findings
            ],
        }
