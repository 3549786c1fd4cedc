import pytest

from vau_agent.reports.chart import MAX_POINTS, build_chart, place, thin_out
from vau_agent.results import Result
from vau_agent.schemas import Coverage, CurvePoint, Segment


def with_curve(result: Result, times: list[float], **changes: object) -> Result:
    curve = tuple(CurvePoint(timestamp=time, score=0.5) for time in times)
    return result.model_copy(update={"curve": curve, **changes})


def test_marks_stand_where_their_times_are(anomalous: Result) -> None:
    chart = build_chart(anomalous)
    assert chart.duration == 744.0
    first = chart.events[0]
    assert first.left == pytest.approx(100 * 463.4 / 744, abs=1e-3)
    assert first.width == pytest.approx(100 * (472.1 - 463.4) / 744, abs=2e-3)
    assert [mark.label for mark in chart.cuts] == ["00:58.0", "05:01.5"]
    assert [mark.label for mark in chart.ticks][:3] == ["00:00", "02:00", "04:00"]
    assert [mark.label for mark in chart.windows] == ["07:20.0-08:20.0", "10:50.0-11:20.0"]


def test_parts_nobody_looked_at_come_from_coverage(anomalous: Result) -> None:
    assert [gap.title for gap in build_chart(anomalous).gaps] == ["03:20.0-04:19.5"]


def test_a_hole_in_the_curve_is_neither_drawn_over_nor_hidden(normal: Result) -> None:
    whole = Coverage(duration_s=744, looked_at_s=744, frames=5, share=1)
    chart = build_chart(with_curve(normal, [0, 5, 10, 100, 105], coverage=whole))
    assert chart.line.count("M") == 2
    assert [gap.title for gap in chart.gaps] == ["00:10.0-01:40.0"]


def test_sparse_regular_measurements_are_one_line(normal: Result) -> None:
    chart = build_chart(with_curve(normal, [60.0 * minute for minute in range(12)]))
    assert chart.line.count("M") == 1
    assert chart.gaps == ()


def test_thinning_keeps_every_peak() -> None:
    points = [CurvePoint(timestamp=n, score=1.0 if n == 7777 else 0.1) for n in range(20_000)]
    kept = thin_out(points, MAX_POINTS)
    assert len(kept) == MAX_POINTS
    assert max(kept, key=lambda point: point.score).timestamp == 7777
    assert [point.timestamp for point in kept] == sorted(point.timestamp for point in kept)


def test_strips_name_what_their_cue_means(anomalous: Result) -> None:
    strips = {strip.name: strip for strip in build_chart(anomalous).strips}
    assert list(strips) == ["motion", "impact", "stillness", "object_removed"]
    assert strips["impact"].meaning.startswith("fast motion that stops")
    assert strips["impact"].peak.timestamp == 663.0


@pytest.mark.parametrize(("peak", "names"), [(0.04, []), (0.05, ["flash"])])
def test_a_cue_that_is_never_felt_has_no_strip(
    normal: Result, peak: float, names: list[str]
) -> None:
    curve = (CurvePoint(timestamp=0, score=0.1, cues={"flash": peak}),)
    chart = build_chart(normal.model_copy(update={"curve": curve}))
    assert [strip.name for strip in chart.strips] == names


def test_no_curve_is_an_empty_chart(inconclusive: Result) -> None:
    chart = build_chart(inconclusive)
    assert (chart.points, chart.line, chart.strips, chart.peaks) == ((), "", (), ())


def test_a_video_without_length_still_has_an_axis(normal: Result) -> None:
    video = normal.video.model_copy(update={"duration_s": 0.0})
    chart = build_chart(with_curve(normal, [0.0], video=video))
    assert chart.duration > 0
    assert chart.ticks[0].left == 0


def test_a_segment_is_placed_inside_its_window() -> None:
    window = Segment(start=100, end=200)
    mark = place(Segment(start=150, end=250), window)
    assert mark is not None
    assert (mark.left, mark.width, mark.label) == (50.0, 50.0, "02:30.0-04:10.0")
    assert place(Segment(start=10, end=20), window) is None
