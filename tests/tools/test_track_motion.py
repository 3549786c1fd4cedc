import numpy as np
import pytest

from tests.tools.keeping import Keeper
from vau_agent.errors import ToolArgumentError
from vau_agent.schemas import Segment, ToolCall, ToolResult
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import Tool
from vau_agent.tools.paths import PathFinder
from vau_agent.tools.track_motion import TrackMotion, describe_paths, moments_to_show
from vau_agent.tools.video.scenes.kinds import build_scene
from vau_agent.tools.video.synthetic import SyntheticReader

SETTINGS = TriageSettings(zoom_longest_side=192, zoom_context_seconds=2, zoom_fps=10)


def scene(kind: str, *, seconds: float = 10) -> SyntheticReader:
    return SyntheticReader(
        scene=build_scene(kind, seed=1, duration_s=seconds, fps=10, size=(192, 144))
    )


def _track(
    reader: SyntheticReader, settings: TriageSettings = SETTINGS, **arguments: object
) -> ToolResult:
    tool: Tool = TrackMotion(settings, frames=4)
    call = ToolCall(tool="track_motion", arguments=arguments)
    return tool.run(call, reader=reader, keep_frames=Keeper())


def notes(result: ToolResult) -> tuple[str, ...]:
    assert result.evidence is not None
    return result.evidence.measurements[0].notes


def follow(
    *tracks: tuple[float, float, float, float], seconds: float = 3, gap: range = range(0)
) -> PathFinder:
    """Follow blobs that go straight from (row, column) to (row, column) of 36 x 48 cells."""
    finder = PathFinder()
    pictures = round(seconds * 10)
    for number in range(pictures):
        moving = np.zeros((36, 48), dtype=np.bool_)
        for row, column, to_row, to_column in tracks:
            share = number / (pictures - 1)
            y = round(row + share * (to_row - row))
            x = round(column + share * (to_column - column))
            moving[max(0, y - 4) : y + 4, max(0, x - 2) : x + 2] = number not in gap
        finder.add(moving, np.where(moving, 1.0, 0).astype(np.float32), number / 10)
    return finder


def test_a_straight_way_is_one_path_of_its_length() -> None:
    (path,) = follow((18, 4, 18, 44)).paths

    assert path.length == pytest.approx(40 / 8, rel=0.1)
    assert path.travel == pytest.approx(40 / 8, rel=0.1)
    (told, _) = describe_paths([path], most=6)
    assert told == (
        "0.0-2.9 s: from the left to the right, 5.0 body heights; "
        "fastest at 0.0 s, 1.0 body heights a second"
    )


def test_two_things_are_two_paths() -> None:
    paths = follow((8, 4, 8, 44), (28, 44, 28, 4)).paths

    assert len(paths) == 2
    assert {round(path.first.x, 1) for path in paths} == {0.1, 0.9}
    assert all(path.travel > 4 for path in paths)


@pytest.mark.parametrize(("hidden", "paths"), [(range(10, 15), 1), (range(10, 18), 2)])
def test_a_short_gap_does_not_end_a_path_and_a_long_one_does(hidden: range, paths: int) -> None:
    assert len(follow((18, 4, 18, 44), gap=hidden).paths) == paths


def test_what_jitters_about_a_place_has_gone_nowhere() -> None:
    finder = PathFinder()
    rng = np.random.default_rng(0)
    for number in range(40):
        moving = np.zeros((36, 48), dtype=np.bool_)
        y, x = 18 + int(rng.integers(-1, 2)), 24 + int(rng.integers(-1, 2))
        moving[y - 5 : y + 5, x - 2 : x + 2] = True
        finder.add(moving, moving.astype(np.float32), number / 10)

    (told, _) = describe_paths(finder.paths, most=6)

    assert "something moves in its place at the middle" in told


def test_a_cut_ends_all_paths() -> None:
    finder = follow((18, 20, 18, 28), seconds=1)
    finder.cut()
    moving = np.zeros((36, 48), dtype=np.bool_)
    moving[14:22, 26:30] = True
    for number in range(10):
        finder.add(moving, moving.astype(np.float32), 1 + number / 10)

    assert len(finder.paths) == 2


def test_more_paths_than_are_told_are_counted() -> None:
    paths = follow((6, 4, 6, 44), (18, 4, 18, 30), (30, 4, 30, 20)).paths

    told = describe_paths(paths, most=2)

    assert "5.0 body heights" in told[0]
    assert "not listed: 1 shorter" in told


def test_the_fastest_moments_are_shown_once_and_the_rest_is_spread() -> None:
    paths = follow((8, 4, 8, 44), (28, 44, 28, 4)).paths

    times = moments_to_show(Segment(start=0, end=3), paths, 4)

    assert times == [0, 0.5, 1.5, 2.5]


@pytest.mark.slow
def test_walkers_who_cross_are_told_from_edge_to_edge() -> None:
    told = notes(_track(scene("walking"), start_s=1, end_s=10))

    assert any("edge" in note and "body heights" in note for note in told), told


@pytest.mark.slow
def test_an_empty_scene_has_no_paths() -> None:
    result = _track(scene("empty"), start_s=1, end_s=8)

    assert notes(result) == ("nothing moved that could be followed",)
    assert result.evidence is not None
    assert len(result.evidence.frames) == 4
    assert not result.evidence.measurements[0].seeks_events


@pytest.mark.slow
def test_nothing_is_told_of_the_seconds_before() -> None:
    result = _track(scene("walking"), start_s=4, end_s=7)

    begins = [float(note.split("-")[0]) for note in notes(result) if " s: " in note]
    assert begins
    assert min(begins) >= 4 - 1e-6


@pytest.mark.parametrize(("seconds", "refused"), [(2.0, False), (2.1, True)])
def test_the_longest_segment_holds_from_both_sides(seconds: float, refused: bool) -> None:
    settings = SETTINGS.model_copy(update={"track_seconds": 2.0})
    if refused:
        with pytest.raises(ToolArgumentError, match="longer than 2 s"):
            _track(scene("empty"), settings, start_s=1, end_s=1 + seconds)
    else:
        assert _track(scene("empty"), settings, start_s=1, end_s=1 + seconds).evidence


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"start_s": 1}, "end_s"),
        ({"start_s": 3, "end_s": 3}, "not after start_s"),
        ({"start_s": 10, "end_s": 12}, "ends at 10.0 s"),
        ({"start_s": "soon", "end_s": 4}, "'soon'"),
    ],
)
def test_a_wrong_call_is_named(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ToolArgumentError, match="track_motion") as raised:
        _track(scene("empty"), **arguments)  # type: ignore[arg-type] # what a policy may write
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
