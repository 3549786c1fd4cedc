import pytest

from tests.tools.keeping import Keeper
from vau_agent.errors import ToolArgumentError
from vau_agent.schemas import Box, ToolCall, ToolResult
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import Tool
from vau_agent.tools.crop import Crop
from vau_agent.tools.video.scenes.kinds import build_scene
from vau_agent.tools.video.synthetic import SyntheticReader

SETTINGS = TriageSettings()


@pytest.fixture(scope="module")
def reader() -> SyntheticReader:
    """Large enough that its frames are usually shown scaled down."""
    return SyntheticReader(
        scene=build_scene("walking", seed=1, duration_s=4, fps=5, size=(1280, 960))
    )


def _crop(
    reader: SyntheticReader,
    keeper: Keeper | None = None,
    settings: TriageSettings = SETTINGS,
    **arguments: object,
) -> ToolResult:
    tool: Tool = Crop(settings, frames=3)
    call = ToolCall(tool="crop", arguments=arguments)
    return tool.run(call, reader=reader, keep_frames=keeper or Keeper())


def test_a_region_is_cut_out_at_full_resolution(reader: SyntheticReader) -> None:
    keeper = Keeper()

    result = _crop(reader, keeper, t_s=2, x=0.5, y=0.25, width=0.25, height=0.5)

    assert result.evidence is not None
    (frame,) = result.evidence.frames
    assert frame.crop == Box(x=0.5, y=0.25, width=0.25, height=0.5)
    assert keeper.pictures[0].shape == (480, 320, 3)
    (whole,) = reader.frames_at((2.0,))
    assert (keeper.pictures[0] == whole.image[240:720, 640:960]).all()
    (note,) = result.evidence.measurements[0].notes
    assert "320 x 480 pixels of the picture's 1280 x 960, 2.0 times finer" in note


def test_a_cut_out_is_no_opinion_on_events(reader: SyntheticReader) -> None:
    result = _crop(reader, t_s=2, x=0, y=0, width=0.5, height=0.5)

    assert result.evidence is not None
    assert not result.evidence.measurements[0].seeks_events


def test_pictures_around_a_moment_hold_the_moment_itself(reader: SyntheticReader) -> None:
    result = _crop(reader, t_s=2, x=0, y=0, width=0.5, height=0.5, around_s=1)

    assert result.evidence is not None
    assert [frame.timestamp for frame in result.evidence.frames] == [1, 2, 3]
    assert (result.evidence.window.start, result.evidence.window.end) == (1, 3)


def test_what_reaches_over_the_border_is_cut_there(reader: SyntheticReader) -> None:
    result = _crop(reader, t_s=0, x=0.75, y=0.5, width=0.75, height=0.75, around_s=0.5)

    assert result.evidence is not None
    assert result.evidence.frames[0].crop == Box(x=0.75, y=0.5, width=0.25, height=0.5)


def test_the_whole_picture_is_no_part_of_it(reader: SyntheticReader) -> None:
    result = _crop(reader, t_s=0)

    assert result.evidence is not None
    assert result.evidence.frames[0].crop is None


@pytest.mark.parametrize(("width", "refused"), [(15.9 / 1280, False), (15.4 / 1280, True)])
def test_the_smallest_region_holds_from_both_sides(
    reader: SyntheticReader, width: float, refused: bool
) -> None:
    if refused:
        with pytest.raises(ToolArgumentError, match=r"15 x 960 pixels.*ask for 16 x 16 at least"):
            _crop(reader, t_s=0, width=width)
    else:
        assert _crop(reader, t_s=0, width=width).evidence is not None


@pytest.mark.parametrize(("most", "height"), [(960, 960), (480, 480)])
def test_a_large_region_is_scaled_down_to_the_setting(
    reader: SyntheticReader, most: int, height: int
) -> None:
    keeper = Keeper()
    settings = TriageSettings(crop_longest_side=most)

    _crop(reader, keeper, settings, t_s=0, width=0.5)

    assert keeper.pictures[0].shape[0] == height


@pytest.mark.parametrize(("around", "refused"), [(1.0, False), (1.1, True)])
def test_the_time_around_holds_from_both_sides(
    reader: SyntheticReader, around: float, refused: bool
) -> None:
    settings = TriageSettings(zoom_seconds=2)
    if refused:
        with pytest.raises(ToolArgumentError, match="more than 1 s"):
            _crop(reader, None, settings, t_s=2, width=0.5, around_s=around)
    else:
        assert _crop(reader, None, settings, t_s=2, width=0.5, around_s=around).evidence


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "t_s"),
        ({"t_s": 4}, "ends at 4.0 s"),
        ({"t_s": -1}, "-1"),
        ({"t_s": 1, "x": 1}, "x is 1"),
        ({"t_s": 1, "width": 0}, "width is 0"),
        ({"t_s": 1, "box": [0, 0, 1, 1]}, "box"),
        ({"t_s": float("nan")}, "t_s"),
    ],
)
def test_a_wrong_call_is_named(
    reader: SyntheticReader, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(ToolArgumentError, match="crop") as raised:
        _crop(reader, **arguments)  # type: ignore[arg-type] # any argument a policy may write
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
