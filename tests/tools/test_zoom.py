import pytest

from tests.tools.keeping import Keeper
from vau_agent.errors import ToolArgumentError
from vau_agent.schemas import Segment, ToolCall, ToolResult
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import Tool
from vau_agent.tools.video.sampling import choose_times
from vau_agent.tools.video.scenes.kinds import build_scene
from vau_agent.tools.video.synthetic import SyntheticReader
from vau_agent.tools.zoom import Zoom, measure

SETTINGS = TriageSettings(zoom_longest_side=128, zoom_context_seconds=2)


@pytest.fixture(scope="module")
def fire() -> SyntheticReader:
    return SyntheticReader(
        scene=build_scene("fire", seed=1, duration_s=14, fps=10, size=(192, 144))
    )


def _zoom(
    reader: SyntheticReader, arguments: dict[str, object], keeper: Keeper | None = None
) -> ToolResult:
    call = ToolCall(tool="zoom", arguments=arguments)
    tool: Tool = Zoom(SETTINGS, frames=4)
    return tool.run(call, reader=reader, keep_frames=keeper or Keeper())


@pytest.mark.slow
def test_a_look_brings_measurements_and_frames_of_that_segment_only(fire: SyntheticReader) -> None:
    keeper = Keeper()
    start = fire.scene.events[0].segment.start
    result = _zoom(fire, {"start_s": start, "end_s": start + 5}, keeper)
    assert result.evidence is not None
    (measurement,) = result.evidence.measurements
    assert measurement.tool == "zoom"
    assert any(one.cues.get("fire_colour", 0) > 0.5 for one in measurement.candidates)
    window = result.evidence.window
    assert all(
        one.segment.overlap(window) == one.segment.duration for one in measurement.candidates
    )
    assert len(result.evidence.frames) == len(keeper.kept) == 4
    assert all(start - 0.2 <= one.timestamp <= start + 5 for one in result.evidence.frames)
    assert any("fire_colour" in note for note in measurement.notes)


@pytest.mark.slow
def test_a_look_where_nothing_happens_says_so(fire: SyntheticReader) -> None:
    empty = SyntheticReader(scene=build_scene("empty", seed=1, duration_s=8, size=(192, 144)))
    measurement = measure(empty, Segment(start=2, end=6), SETTINGS)
    assert measurement.candidates == ()
    assert "nothing unusual was measured" in measurement.notes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"start_s": 3}, "end_s"),
        ({"start_s": 3, "end_s": 4, "speed": 2}, "speed"),
        ({"start_s": "soon", "end_s": 4}, "'soon'"),
        ({"start_s": -1, "end_s": 4}, "-1"),
        ({"start_s": 5, "end_s": 5}, "not after start_s"),
        ({"start_s": 14, "end_s": 20}, "ends at 14.0 s"),
        ({"start_s": float("nan"), "end_s": 20}, "start_s"),
        ({"start_s": 0, "end_s": float("inf")}, "end_s"),
    ],
)
def test_a_wrong_call_is_named(
    fire: SyntheticReader, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(ToolArgumentError, match="zoom") as raised:
        _zoom(fire, arguments)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("limit", "refused"), [(3.9, True), (4.0, False)])
def test_the_longest_segment_holds_from_both_sides(
    fire: SyntheticReader, limit: float, refused: bool
) -> None:
    settings = SETTINGS.model_copy(update={"zoom_seconds": limit})
    call = ToolCall(tool="zoom", arguments={"start_s": 0, "end_s": 4})
    tool = Zoom(settings, frames=2)
    if refused:
        with pytest.raises(ToolArgumentError, match=r"longer than 3\.9 s"):
            tool.run(call, reader=fire, keep_frames=Keeper())
    else:
        assert tool.run(call, reader=fire, keep_frames=Keeper()).evidence is not None


def test_a_segment_past_the_end_is_cut_and_a_single_moment_is_widened(
    fire: SyntheticReader,
) -> None:
    result = _zoom(fire, {"start_s": 13.9, "end_s": 30})
    assert result.evidence is not None
    assert result.evidence.window == Segment(start=13, end=14)


def test_moments_to_show_are_spread_and_within_the_segment() -> None:
    segment = Segment(start=10, end=20)
    times = choose_times(segment, (), 5)
    assert times == [11, 13, 15, 17, 19]
    assert all(segment.contains(time) for time in times)
