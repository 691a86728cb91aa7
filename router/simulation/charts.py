"""Small charts as SVG, readable on light and dark pages. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 64, 56
# told apart by people who see colours differently (Okabe and Ito 2008), darkened for text
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#b5569a", "#8a6d00", "#4a90c2")

_STYLE = """
.page{fill:#fff}.ink{fill:#1f2933}.soft{fill:#5c6b7a}.grid{stroke:#e3e8ee}.axis{stroke:#8795a5}
text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}
.title{font-size:17px;font-weight:600}.line{fill:none;stroke-width:2.5;stroke-linejoin:round}
@media(prefers-color-scheme:dark){.page{fill:#14181d}.ink{fill:#e6ebf0}.soft{fill:#9aa8b6}
.grid{stroke:#2a323b}.axis{stroke:#66737f}}
"""


@dataclass(frozen=True)
class Series:
    """A named line. points: (x, y), or (x, y, half) with an error bar. labels: beside points.
    marks: a dot at each point. joined: by a line."""

    name: str
    points: Sequence[tuple[float, ...]]
    labels: Sequence[str] = ()
    marks: bool = False
    joined: bool = True


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from at most low to at least high, at most so many steps between."""
    span = high - low or 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(n * power for n in (1, 2, 2.5, 5, 10) if span <= n * power * most * (1 + 1e-9))
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    return [n * step for n in range(first, last + 1)]


def _number(value: float) -> str:
    return f"{value:,.10g}"


class _Frame:
    """Axes with their scales, and the elements drawn so far."""

    def __init__(
        self, title: str, x_label: str, y_label: str, xs: list[float], ys: list[float]
    ) -> None:
        self.xs, self.ys = xs, ys
        middle = (LEFT + WIDTH - RIGHT) / 2
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            f' aria-label="{escape(title)}"><style>{_STYLE}</style>',
            f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
            f'<text class="ink title" x="{LEFT}" y="28">{escape(title)}</text>',
            f'<text class="soft" x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">'
            f"{escape(x_label)}</text>",
        ]
        for y in ys:
            at = self.y(y)
            self.parts.append(
                f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
                f'<text class="soft" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">'
                f"{_number(y)}</text>"
            )
        self.parts.append(
            f'<text class="soft" text-anchor="middle"'
            f' transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">'
            f"{escape(y_label)}</text>"
            f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{HEIGHT - BOTTOM}"'
            f' y2="{HEIGHT - BOTTOM}"/>'
        )

    def x(self, value: float) -> float:
        share = (value - self.xs[0]) / (self.xs[-1] - self.xs[0])
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.ys[0]) / (self.ys[-1] - self.ys[0])
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def x_name(self, at: float, name: str) -> None:
        self.parts.append(
            f'<text class="soft" x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
            f"{escape(name)}</text>"
        )

    def legend(self, names: Sequence[str]) -> None:
        at = float(LEFT)
        for place, name in enumerate(names):
            self.parts.append(
                f'<rect x="{at:.0f}" y="40" width="12" height="12" rx="3" fill="{_colour(place)}"/>'
                f'<text class="ink" x="{at + 18:.0f}" y="50.5">{escape(name)}</text>'
            )
            at += 34 + 7.2 * len(name)

    def error(self, at: float, y: float, half: float) -> None:
        low, high = self.y(max(self.ys[0], y - half)), self.y(min(self.ys[-1], y + half))
        self.parts.append(
            f'<path class="axis" fill="none" stroke-width="1.5" d="M{at - 4:.1f} {high:.1f}h8m-4 0'
            f'V{low:.1f}m-4 0h8"/>'
        )

    def text(self) -> str:
        return "\n".join((*self.parts, "</svg>\n"))


def _colour(place: int) -> str:
    return PALETTE[place % len(PALETTE)]


def line_chart(
    title: str, x_label: str, y_label: str, series: Sequence[Series], *, from_zero: bool = True
) -> str:
    """Lines over a number. from_zero: the upright axis begins at 0."""
    points = [point for each in series for point in each.points]
    highs = [p[1] + (p[2] if len(p) > 2 and not math.isnan(p[2]) else 0) for p in points]
    low = 0.0 if from_zero else min(p[1] for p in points)
    xs = ticks(min(p[0] for p in points), max(p[0] for p in points), 8)
    frame = _Frame(title, x_label, y_label, xs, ticks(low, max(highs) or 1.0))
    for tick in xs:
        frame.x_name(frame.x(tick), _number(tick))
    frame.legend([each.name for each in series])
    for place, each in enumerate(series):
        colour = _colour(place)
        path = " ".join(f"{frame.x(p[0]):.1f},{frame.y(p[1]):.1f}" for p in each.points)
        if each.joined:
            frame.parts.append(f'<polyline class="line" stroke="{colour}" points="{path}"/>')
        for spot, point in enumerate(each.points):
            x, y = frame.x(point[0]), frame.y(point[1])
            if len(point) > 2 and not math.isnan(point[2]):
                frame.error(x, point[1], point[2])
            if each.marks:
                frame.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>')
            if spot < len(each.labels) and each.labels[spot]:
                near_end = x > WIDTH - RIGHT - 90
                # beside the line that goes on from here
                rises = spot + 1 < len(each.points) and each.points[spot + 1][1] > point[1]
                frame.parts.append(
                    f'<text class="ink" x="{x + (-9 if near_end else 9):.1f}"'
                    f' y="{y + (18 if rises else -9):.1f}"'
                    f' text-anchor="{"end" if near_end else "start"}">'
                    f"{escape(each.labels[spot])}</text>"
                )
    return frame.text()


def bar_chart(
    title: str, y_label: str, groups: Sequence[str], series: Sequence[Series], x_label: str = ""
) -> str:
    """Bars side by side for each group; a series' points are (place of the group, y[, half])."""
    highs = [
        point[1] + (point[2] if len(point) > 2 and not math.isnan(point[2]) else 0)
        for each in series
        for point in each.points
    ]
    frame = _Frame(title, x_label, y_label, [0.0, float(len(groups))], ticks(0, max(highs) or 1.0))
    frame.legend([each.name for each in series] if len(series) > 1 else [])
    width = min(64.0, (frame.x(1) - frame.x(0)) * 0.8 / len(series))
    for place, name in enumerate(groups):
        frame.x_name(frame.x(place + 0.5), name)
    for place, each in enumerate(series):
        for point in each.points:
            left = frame.x(point[0] + 0.5) + (place - len(series) / 2) * width
            top = frame.y(point[1])
            frame.parts.append(
                f'<rect x="{left + 1.5:.1f}" y="{top:.1f}" width="{width - 3:.1f}" rx="2"'
                f' height="{max(0.5, HEIGHT - BOTTOM - top):.1f}" fill="{_colour(place)}"/>'
            )
            if len(point) > 2 and not math.isnan(point[2]):
                frame.error(left + width / 2, point[1], point[2])
    return frame.text()
