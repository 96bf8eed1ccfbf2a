"""Charts as shapes: axes that end at round numbers, columns and lines; the template draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from console.figures.wording import Wording

WIDTH, HEIGHT = 760, 268
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 12, 30
_LABELS = 9
_STEPS = (1, 2, 7, 14, 28)


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers; None where there is nothing to tell."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A column's piece, or a point of a line."""

    series: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Band:
    """All of one day or month: where it is, and what it says."""

    x: float
    width: float
    text: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Ready to be drawn."""

    name: str
    title: str
    kind: str
    """stacked or lines."""
    labels: tuple[str, ...]
    upward: tuple[Tick, ...]
    along: tuple[Tick, ...]
    bands: tuple[Band, ...]
    lines: tuple[tuple[int, str], ...]
    """The series' number and its path."""
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def chart(
    name: str,
    title: str,
    days: Sequence[date],
    series: Sequence[Series],
    words: Wording,
    *,
    kind: str = "stacked",
    shares: bool = False,
    by_month: bool = False,
) -> Chart:
    """Lay out a chart."""
    if kind == "stacked":
        tallest = max((sum(value or 0 for value in column) for column in _columns(series)), default=0)
    else:
        tallest = max((value for one in series for value in one.values if value is not None), default=0)
    step, top = axis(tallest, whole=not shares, limit=1.0 if shares else None)
    span = HEIGHT - _BOTTOM - _TOP
    band = (WIDTH - _LEFT - _RIGHT) / max(1, len(days))

    def height_of(value: float) -> float:
        return round(span * value / top, 2)

    def level(value: float) -> float:
        return round(HEIGHT - _BOTTOM - height_of(value), 2)

    def written(value: float | None) -> str:
        return words.share(value) if shares else words.number(value)

    upward = tuple(
        Tick(
            level(number * step),
            words.share(number * step, 0 if round(step * 100, 9) % 1 == 0 else 1)
            if shares
            else words.number(number * step),
        )
        for number in range(round(top / step) + 1)
    )
    bands = []
    for place, day in enumerate(days):
        x = _LEFT + band * place
        told = "; ".join(f"{one.label}: {written(one.values[place])}" for one in series)
        label = words.month(day) if by_month else words.day(day)
        bands.append(
            Band(
                round(x, 2),
                round(band, 2),
                f"{label}. {told}",
                tuple(_shapes(series, place, x, band, kind, level, height_of)),
            )
        )
    lines = [] if kind == "stacked" else [(n, _path(one, band, level)) for n, one in enumerate(series)]
    return Chart(
        name,
        title,
        kind,
        tuple(one.label for one in series),
        upward,
        tuple(_along(days, band, by_month)),
        tuple(bands),
        tuple(lines),
    )


def axis(tallest: float, *, whole: bool = True, limit: float | None = None) -> tuple[float, float]:
    """The step between ticks (1, 2 or 5 times a power of ten, and 25%), and the top, a multiple of it."""
    if tallest <= 0:
        return (1, 4) if whole else (0.25, 1.0)
    raw = tallest / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(
        power * factor
        for factor in ((1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10))
        if power * factor >= raw * 0.999
    )
    if whole:
        step = max(1, round(step))
    top = step * math.ceil(round(tallest / step, 9))
    if limit is not None and top > limit:
        step, top = 0.25, limit
    return step, top


def _columns(series: Sequence[Series]) -> list[tuple[float | None, ...]]:
    return list(zip(*(one.values for one in series), strict=True))


def _shapes(
    series: Sequence[Series], place: int, x: float, band: float, kind: str, level: object, height_of: object
) -> list[Shape]:
    made: list[Shape] = []
    assert callable(level) and callable(height_of)  # noqa: S101 - both are made above
    gap = min(3.0, band * 0.18)
    below = 0.0
    for number, one in enumerate(series):
        value = one.values[place]
        if kind == "stacked":
            if value:
                below += value
                made.append(
                    Shape(number, round(x + gap / 2, 2), level(below), round(band - gap, 2), height_of(value))
                )
        elif value is not None:
            made.append(Shape(number, round(x + band / 2, 2), level(value), 0, 0))
    return made


def _path(one: Series, band: float, level: object) -> str:
    """The line through the middles of the days; broken where there is nothing to tell."""
    assert callable(level)  # noqa: S101 - made above
    parts, pen = [], "M"
    for place, value in enumerate(one.values):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{round(_LEFT + band * (place + 0.5), 2)} {level(value)}")
        pen = "L"
    return " ".join(parts)


def _along(days: Sequence[date], band: float, by_month: bool) -> list[Tick]:
    if by_month:
        every = math.ceil(len(days) / _LABELS)
        return [
            Tick(round(_LEFT + band * (place + 0.5), 2), f"{day:%m/%Y}")
            for place, day in enumerate(days)
            if place % every == 0
        ]
    every = next((step for step in _STEPS if len(days) / step <= _LABELS), _STEPS[-1])
    made = []
    for place, day in enumerate(days):
        # With a week between them, labels stand at Mondays.
        first = (7 - days[0].weekday()) % 7 if every >= 7 else 0
        if place >= first and (place - first) % every == 0:
            made.append(Tick(round(_LEFT + band * (place + 0.5), 2), f"{day:%d/%m}"))
    return made
