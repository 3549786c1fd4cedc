"""Every drawn mark is read back from the picture and compared with the plot's numbers."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evals.report.conftest import HOSTILE
from vau_agent.evals.records import CurveSample
from vau_agent.evals.report.canvas import Scale, round_step, shorten, tick_text
from vau_agent.evals.report.drawing import MAX_LISTED, draw, keys_of, numbers_of
from vau_agent.evals.report.lanes import MAX_SAMPLES, thin_samples
from vau_agent.evals.report.plots import (
    CostCurve,
    Curve,
    Forest,
    Line,
    Plot,
    Point,
    Reliability,
    Strip,
    Timeline,
)
from vau_agent.evals.report.squares import letter_of
from vau_agent.schemas import Segment


def picture(plot: Plot) -> ET.Element:
    """Draw a plot of one picture, and read it as XML."""
    (svg,) = draw(plot, "p")
    return ET.fromstring(svg)


def marked(svg: ET.Element, tag: str, *css: str) -> list[ET.Element]:
    """Give the elements of a tag that carry all of these classes."""
    return [one for one in svg.iter(tag) if set(css) <= set((one.get("class") or "").split())]


def steps(path: ET.Element) -> list[tuple[float, float]]:
    """Give the corners of a path."""
    text = path.attrib["d"].removeprefix("M").removesuffix("Z")
    return [(float(x), float(y)) for x, y in (one.split() for one in text.split("L"))]


def texts(svg: ET.Element) -> list[str]:
    return ["".join(one.itertext()) for one in svg.iter("text")]


def axis(svg: ET.Element, along: str) -> tuple[float, float]:
    """Give offset and units of one, read off the numbers beside an axis."""
    across = along == "x"
    anchor = "middle" if across else "end"
    ticks = [
        (float((one.text or "").replace(",", "")), float(one.attrib[along]) - (0 if across else 4))
        for one in marked(svg, "text", "word")
        if one.get("text-anchor") == anchor
    ]
    (low, start), (high, end) = ticks[0], ticks[-1]
    unit = (end - start) / (high - low)
    return start - low * unit, unit


def test_every_point_of_a_curve_stands_where_the_axes_say(roc: Curve) -> None:
    svg = picture(roc)
    (x0, x1), (y0, y1) = axis(svg, "x"), axis(svg, "y")

    for place, line in enumerate(roc.lines):
        (drawn,) = marked(svg, "path", "line", f"c{place}", line.kind)
        values = [((x - x0) / x1, (y - y0) / y1) for x, y in steps(drawn)]
        assert values == [pytest.approx((point.x, point.y), abs=1e-3) for point in line.points]
    (chance,) = marked(svg, "path", "chance")
    assert len(steps(chance)) == 2
    assert {"recall", "false-alarm rate", "A", "B"} <= set(texts(svg))


def test_lines_are_told_apart_by_letter_kind_and_note(roc: Curve) -> None:
    first, second, chance = keys_of(roc)

    assert (first.letter, first.kind, first.note) == ("A", "measured", "area 0.750")
    assert (second.letter, second.kind, second.css) == ("B", "blind", "c1 blind")
    assert (chance.letter, chance.kind, chance.name) == ("", None, "guessing")
    assert [letter_of(place) for place in (0, 25, 26, 53)] == ["A", "Z", "A2", "B3"]


def test_reliability_shows_share_interval_and_count(reliability: Reliability) -> None:
    svg = picture(reliability)
    (x0, x1), (y0, y1) = axis(svg, "x"), axis(svg, "y")

    for dot, one in zip(marked(svg, "circle", "dot"), reliability.bins, strict=True):
        assert (float(dot.attrib["cx"]) - x0) / x1 == pytest.approx(one.confidence, abs=1e-3)
        assert (float(dot.attrib["cy"]) - y0) / y1 == pytest.approx(one.accuracy.value, abs=1e-3)
    whiskers = [
        one for one in marked(svg, "line", "whisker") if one.attrib["x1"] == one.attrib["x2"]
    ]
    ends = [(float(one.attrib["y1"]) - y0) / y1 for one in whiskers]
    assert ends == pytest.approx([0.25, 0.5], abs=1e-3)
    small, tall = (float(bar.attrib["height"]) for bar in marked(svg, "rect", "bar"))
    assert tall == pytest.approx(2 * small)


def test_a_forest_shows_each_difference_and_its_side_of_zero(forest: Forest) -> None:
    svg = picture(forest)
    x0, x1 = axis(svg, "x")

    dots = marked(svg, "circle", "dot")
    values = [(float(dot.attrib["cx"]) - x0) / x1 for dot in dots]
    assert values == pytest.approx([0.05, -0.03, 0.004], abs=1e-3)
    sides = [dot.attrib["class"].removeprefix("dot ") for dot in dots]
    assert sides == ["above", "below", "around"]
    assert {"smoothing", "+0.050 [0.030, 0.070]", "decision", "not defined"} <= set(texts(svg))
    (zero,) = marked(svg, "line", "axis")
    assert float(zero.attrib["x1"]) == pytest.approx(x0, abs=0.1)
    assert numbers_of(forest).rows == (
        ("smoothing", "+0.050 [0.030, 0.070] above zero", "40"),
        ("prior", "-0.030 [-0.040, -0.020] below zero", "40"),
        ("reflection", "+0.004 [-0.004, 0.010] may be zero", "40"),
        ("decision", "not defined", "0"),
    )


def test_cost_runs_from_cheap_to_dear_and_blind_rows_run_across(cost: CostCurve) -> None:
    svg = picture(cost)
    y0, y1 = axis(svg, "y")

    (line,) = marked(svg, "path", "line", "measured")
    corners = steps(line)
    assert [x for x, _ in corners] == sorted(x for x, _ in corners)
    heights = [(y - y0) / y1 for _, y in corners]
    assert heights == pytest.approx([0.75, 0.82, 0.87], abs=1e-3)
    (across,) = marked(svg, "line", "line", "blind")
    assert across.attrib["y1"] == across.attrib["y2"]
    assert (float(across.attrib["y1"]) - y0) / y1 == pytest.approx(0.62, abs=1e-3)
    assert {"0", "1", "10", "100"} <= set(texts(svg))
    assert "0.870 [0.850, 0.890] at 100" in "".join(svg.itertext())


def test_a_strip_shows_true_and_said_times_and_the_score(timeline: Timeline) -> None:
    first, second, third = (ET.fromstring(svg) for svg in draw(timeline, "t"))
    # 80 s stand between units 38 and 388.
    unit = (388 - 38) / 80

    (true,), (said,) = marked(first, "rect", "truth"), marked(first, "rect", "said")
    assert float(true.attrib["x"]) == pytest.approx(38 + 20 * unit, abs=0.1)
    assert float(true.attrib["width"]) == pytest.approx(20 * unit, abs=0.1)
    assert float(said.attrib["x"]) == pytest.approx(38 + 10 * unit, abs=0.1)
    (curve,) = marked(first, "path", "line")
    corners = steps(curve)
    assert corners[0][0] == pytest.approx(38, abs=0.1)
    assert corners[-1][0] == pytest.approx(388, abs=0.1)
    heights = [(95 - y) / 57 for _, y in corners]
    assert (min(heights), max(heights)) == pytest.approx((0.125, 0.875), abs=2e-3)
    assert marked(second, "rect", "truth") == []
    assert "no times were written down" in texts(third)
    assert [texts(one)[0] for one in (first, second, third)] == ["Video 1", "Video 2", "Video 3"]


def test_pictures_have_a_name_and_a_description(plots: tuple[Plot, ...]) -> None:
    for number, plot in enumerate(plots):
        for svg in map(ET.fromstring, draw(plot, f"plot-{number}")):
            title, desc = svg.find("title"), svg.find("desc")
            assert title is not None
            assert desc is not None
            assert svg.get("role") == "img"
            assert svg.get("aria-labelledby") == title.get("id")
            assert svg.get("aria-describedby") == desc.get("id")
            assert title.text
            assert desc.text


def test_nothing_is_drawn_outside_the_picture(plots: tuple[Plot, ...]) -> None:
    for plot in plots:
        for svg in map(ET.fromstring, draw(plot, "p")):
            _, _, width, height = (float(one) for one in svg.attrib["viewBox"].split())
            places = [steps(one) for one in svg.iter("path")]
            for x, y in (corner for path in places for corner in path):
                assert 0 <= x <= width
                assert 0 <= y <= height


@pytest.mark.parametrize(
    "plot",
    [
        Curve(title="t", x="x", y="y", lines=()),
        Curve(title="t", x="x", y="y", lines=(Line(name="n", points=()),)),
        Reliability(title="t", bins=()),
        Forest(title="t", x="x", effects=()),
        CostCurve(title="t", x="x", y="y", lines=()),
        Timeline(title="t", strips=()),
    ],
)
def test_an_empty_plot_draws_nothing(plot: Plot) -> None:
    assert draw(plot, "p") == ()
    assert numbers_of(plot).rows == ()


def test_hostile_names_stay_text() -> None:
    line = Line(name=HOSTILE, points=(Point(x=0, y=0), Point(x=1, y=1)), note=HOSTILE)
    svg = picture(Curve(title=HOSTILE, about=HOSTILE, x=HOSTILE, y=HOSTILE, lines=(line,)))

    assert {one.tag for one in svg.iter()} <= {"svg", "title", "desc", "text", "line", "path"}
    assert "<script>alert(1)</script>" in "".join(svg.itertext())


def test_long_lines_are_listed_in_part_with_both_ends() -> None:
    points = tuple(Point(x=one / 200, y=one / 200) for one in range(201))
    rows = numbers_of(Curve(title="t", x="x", y="y", lines=(Line(name="n", points=points),))).rows

    assert len(rows) == MAX_LISTED
    assert rows[0] == ("n", "0.000", "0.000")
    assert rows[-1] == ("n", "1.000", "1.000")


def test_a_long_video_keeps_its_peaks() -> None:
    samples = [CurveSample(t_s=float(t), score=1.0 if t == 7777 else 0.25) for t in range(10_000)]

    kept = thin_samples(samples, MAX_SAMPLES)

    assert len(kept) == MAX_SAMPLES
    assert max(one.score for one in kept) == 1.0


def test_the_shortest_event_can_be_seen() -> None:
    strip = Strip(duration_s=86_400, truth=(Segment(start=10, end=11),))
    (svg,) = (ET.fromstring(one) for one in draw(Timeline(title="t", strips=(strip,)), "t"))
    (true,) = marked(svg, "rect", "truth")

    assert float(true.attrib["width"]) >= 1.5


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_round_few_and_inside(low: float, size: float) -> None:
    scale = Scale(low=low, high=low + size, start=0, end=100)
    ticks = scale.ticks()

    assert len(ticks) <= 7
    for value in ticks:
        assert low - size * 1e-6 <= value <= low + size * (1 + 1e-6)
        assert -1e-3 <= scale(value) <= 100 + 1e-3


@given(st.floats(1e-9, 1e9))
def test_a_round_step_is_round_and_no_smaller(least: float) -> None:
    step = round_step(least)

    assert least * (1 - 1e-8) <= step <= 10 * least
    mantissa = f"{step:e}".partition("e")[0].rstrip("0").rstrip(".")
    assert mantissa in {"1", "2", "2.5", "5"}


def test_words_of_an_axis_are_short() -> None:
    assert [tick_text(value) for value in (0.1 + 0.2, 1000, 5e6)] == ["0.3", "1,000", "5e+06"]
    assert shorten("a b", 400) == "a b"
    assert shorten("x" * 90, 59) == "x" * 9 + "…"
