"""The chart of RESULTS.md: for each workload, every server's CPU as a multiple of the gateway's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

WIDTH, LABELS, VALUES = 820, 190, 130
BAR, GAP, BETWEEN, TOP = 14, 4, 34, 66
OURS, THEIRS, INK, FAINT = "#0b7285", "#adb5bd", "#212529", "#dee2e6"

Group = tuple[str, Sequence[tuple[str, float]]]
"""A workload's title, and what each server took, in milliseconds; the gateway comes first."""


def chart(groups: Sequence[Group]) -> str:
    """The chart as SVG."""
    height = TOP + sum(BETWEEN + len(bars) * (BAR + GAP) for _, bars in groups) + 10
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" font-family="system-ui, sans-serif" '
            f'font-size="12" fill="{INK}" role="img" aria-label="CPU for each request">',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            '<text x="16" y="26" font-size="16" font-weight="600">CPU for each request, '
            "Sluice = 1</text>",
            '<text x="16" y="46">User and system time of its processes; each workload has a '
            "scale of its own.</text>",
            *_groups(groups),
            "</svg>",
            "",
        )
    )


def _groups(groups: Sequence[Group]) -> Iterator[str]:
    y = TOP
    for title, bars in groups:
        ours = bars[0][1]
        # Each workload has its own scale, else one slow peer would flatten all the others.
        scale = (WIDTH - LABELS - VALUES) / max(value / ours for _, value in bars)
        y += BETWEEN
        yield f'<text x="16" y="{y - 8}" font-weight="600">{escape(title)}</text>'
        top, bottom = y, y + len(bars) * (BAR + GAP) - GAP
        one = f"{LABELS + scale:.1f}"
        yield (
            f'<line x1="{one}" x2="{one}" y1="{top}" y2="{bottom}" stroke="{FAINT}" '
            'stroke-width="2"/>'
        )
        for index, (name, value) in enumerate(bars):
            width = value / ours * scale
            color = OURS if index == 0 else THEIRS
            yield f'<text x="{LABELS - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>'
            yield (
                f'<rect x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" '
                f'fill="{color}"/>'
            )
            yield (
                f'<text x="{LABELS + width + 6:.1f}" y="{y + 11}">{value / ours:.2f}'
                f'<tspan fill="#868e96">  {value:.2f} ms</tspan></text>'
            )
            y += BAR + GAP
