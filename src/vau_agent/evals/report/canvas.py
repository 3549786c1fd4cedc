"""Axes and shapes in SVG. Colours come from the page's style sheet, by class."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from vau_agent.reports.text import one_line

WIDTH: Final = 400.0
"""Units across, small enough that the letters stay legible on a phone."""
LEFT: Final = 46.0
RIGHT: Final = 388.0
TOP: Final = 12.0
GLYPH: Final = 5.9
"""Units one letter takes at most, on average."""
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """Where a value stands on an axis."""

    low: float
    high: float
    start: float
    """Units from the edge at which `low` stands."""
    end: float
    logarithmic: bool = False
    """By the logarithm of one more than the value, so that zero has a place."""

    def __call__(self, value: float) -> float:
        """Place a value, at the nearer end when it lies outside."""
        inside = min(max(value, self.low), self.high)
        share = (self._bent(inside) - self._bent(self.low)) / (
            self._bent(self.high) - self._bent(self.low)
        )
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 6) -> tuple[float, ...]:
        """Give at most `most` round values (a few more on a logarithmic scale)."""
        if self.logarithmic:
            powers = (10.0**power for power in range(int(math.log10(self.high)) + 1))
            return tuple(value for value in (0.0, *powers) if self.low <= value <= self.high)
        step = round_step((self.high - self.low) / (most - 1))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return tuple(number * step for number in range(first, last + 1))

    def _bent(self, value: float) -> float:
        return math.log10(1 + value) if self.logarithmic else value


def round_step(least: float) -> float:
    """Give the smallest round number that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


def tick_text(value: float) -> str:
    """Write a value of an axis as short as it can be."""
    return f"{round(value, 6):,g}" if abs(value) < 1e6 else f"{value:.0e}"


def shorten(text: str, units: float) -> str:
    """Cut text to what fits into a width."""
    line, most = one_line(text), max(1, int(units / GLYPH))
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def element(tag: str, *inner: str, **attributes: str | float) -> str:
    """Write an element; `inner` is markup, attributes are text.

    `class_` stands for `class`, an underscore for a hyphen.
    """
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_attribute(value))}"'
        for name, value in attributes.items()
    )
    return f"<{tag}{named}>{''.join(inner)}</{tag}>"


def words(text: str) -> str:
    """Escape text as the content of an element."""
    return escape(one_line(text), quote=False)


def text_at(x: float, y: float, text: str, *, anchor: str = "start", css: str = "") -> str:
    """Write words at a place."""
    return element("text", words(text), x=x, y=y, text_anchor=anchor, class_=css or "word")


def path(points: Iterable[tuple[float, float]], css: str, *, closed: bool = False) -> str:
    """Draw a line through points."""
    steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return element("path", d=f"M{steps}{'Z' if closed else ''}", class_=css)


def rule(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """Draw a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=css)


def drawing(key: str, title: str, about: str, height: float, parts: Sequence[str]) -> str:
    """Write an SVG picture with a name and a description for who cannot see it.

    Args:
        key: Unique on the page.
        title: What it is called.
        about: What it shows, in words.
        height: Units down; it is `WIDTH` units across.
        parts: Markup, in the order of drawing.
    """
    return element(
        "svg",
        element("title", words(title), id=f"{key}-title"),
        element("desc", words(about), id=f"{key}-desc"),
        *parts,
        viewBox=f"0 0 {WIDTH:.0f} {height:.0f}",
        role="img",
        aria_labelledby=f"{key}-title",
        aria_describedby=f"{key}-desc",
        class_="drawing",
    )


def axes(x: Scale, y: Scale, x_name: str, y_name: str) -> list[str]:
    """Draw the grid, the values along both axes and their names."""
    bottom, top = max(y.start, y.end), min(y.start, y.end)
    parts = []
    for value in x.ticks():
        parts.append(rule(x(value), top, x(value), bottom, "grid"))
        parts.append(text_at(x(value), bottom + 14, tick_text(value), anchor="middle"))
    for value in y.ticks():
        parts.append(rule(x.start, y(value), x.end, y(value), "grid"))
        parts.append(text_at(x.start - 6, y(value) + 4, tick_text(value), anchor="end"))
    parts.append(rule(x.start, bottom, x.end, bottom, "axis"))
    parts.append(rule(x.start, top, x.start, bottom, "axis"))
    across, middle = shorten(x_name, x.end - x.start), (x.start + x.end) / 2
    parts.append(text_at(middle, bottom + 32, across, anchor="middle", css="name"))
    parts.append(
        element(
            "text",
            words(shorten(y_name, bottom - top)),
            transform=f"translate(11 {(top + bottom) / 2:.1f}) rotate(-90)",
            text_anchor="middle",
            class_="name",
        )
    )
    return parts


def _attribute(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
