import numpy as np
import pytest

from tests.tools.keeping import Keeper
from vau_agent.errors import ToolArgumentError
from vau_agent.schemas import Box, ToolCall, ToolResult
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import Tool
from vau_agent.tools.compare import Compare, compare_pictures
from vau_agent.tools.places import WHOLE
from vau_agent.tools.video.base import Image
from vau_agent.tools.video.scenes.kinds import build_scene
from vau_agent.tools.video.synthetic import SyntheticReader


def scene(kind: str, *, seed: int = 1) -> SyntheticReader:
    return SyntheticReader(
        scene=build_scene(kind, seed=seed, duration_s=14, fps=10, size=(320, 240))
    )


def _compare(
    reader: SyntheticReader, keeper: Keeper | None = None, **arguments: object
) -> ToolResult:
    tool: Tool = Compare(TriageSettings())
    call = ToolCall(tool="compare", arguments=arguments)
    return tool.run(call, reader=reader, keep_frames=keeper or Keeper())


def notes(result: ToolResult) -> tuple[str, ...]:
    assert result.evidence is not None
    return result.evidence.measurements[0].notes


@pytest.mark.parametrize(
    ("kind", "said"),
    [("abandoned object", "something new at"), ("object removed", "that was there is gone at")],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_what_came_or_went_is_told_where_it_happened(kind: str, said: str, seed: int) -> None:
    reader = scene(kind, seed=seed)
    (event,) = reader.scene.events
    box = event.box

    told = notes(
        _compare(
            reader,
            before_s=0.5,
            after_s=13,
            x=box.x,
            y=box.y,
            width=box.width,
            height=box.height,
        )
    )

    assert any(said in note for note in told), told


@pytest.mark.parametrize("kind", ["empty", "headlights"])
def test_light_alone_is_no_change(kind: str) -> None:
    assert notes(_compare(scene(kind), before_s=1, after_s=12)) == (
        "nothing has changed but light and noise",
    )


def test_a_change_of_light_is_told_as_such() -> None:
    told = notes(_compare(scene("light switched on"), before_s=1, after_s=12))

    assert told[0].startswith("the picture is brighter by")


def test_another_camera_cannot_be_compared() -> None:
    (told,) = notes(_compare(scene("camera cut"), before_s=1, after_s=12))

    assert "different scenes" in told


def test_both_pictures_are_kept_and_nothing_is_judged() -> None:
    keeper = Keeper()

    result = _compare(scene("empty"), keeper, before_s=1, after_s=3, x=0.5, width=0.5)

    assert result.evidence is not None
    assert [frame.timestamp for frame in result.evidence.frames] == [1, 3]
    assert {frame.crop for frame in result.evidence.frames} == {
        Box(x=0.5, y=0, width=0.5, height=1)
    }
    assert not result.evidence.measurements[0].seeks_events


def room(*boxes: tuple[int, int], colour: tuple[int, int, int] = (200, 40, 40)) -> Image:
    """Draw a textured room with striped cases at the given columns and rows."""
    rng = np.random.default_rng(0)
    wall = np.kron(rng.integers(70, 130, (24, 32, 1)), np.ones((8, 8, 3))).astype(np.uint8)
    for left, top in boxes:
        wall[top : top + 40, left : left + 32] = colour
        wall[top : top + 40 : 8, left : left + 32] = 20
        wall[top + 1 : top + 40 : 8, left : left + 32] = 20
    return wall


def test_a_thing_that_went_to_another_place_may_have_moved() -> None:
    told = compare_pictures(room((40, 100)), room((180, 100)), WHOLE)

    assert any("may have moved" in note for note in told), told


def test_a_thing_of_another_colour_has_not_moved_there() -> None:
    told = compare_pictures(room((40, 100)), room((180, 100), colour=(40, 40, 200)), WHOLE)

    assert not any("may have moved" in note for note in told), told


def test_places_in_a_region_are_told_as_places_in_the_picture() -> None:
    told = compare_pictures(room(), room((190, 130)), Box(x=0.5, y=0.5, width=0.5, height=0.5))

    assert any("something new at the lower right (x 0.7" in note for note in told), told


def test_a_tiny_region_is_left_to_the_eye() -> None:
    (told,) = compare_pictures(room(), room(), Box(x=0, y=0, width=0.05, height=0.05))

    assert "too small to compare" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"before_s": 3}, "after_s"),
        ({"before_s": 3, "after_s": 3}, "not after before_s"),
        ({"before_s": 3, "after_s": 14}, "ends at 14.0 s"),
        ({"before_s": 20, "after_s": 30}, "before_s is 20"),
        ({"before_s": 1, "after_s": 2, "height": 2}, "height is 2"),
    ],
)
def test_a_wrong_call_is_named(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ToolArgumentError, match="compare") as raised:
        _compare(scene("empty"), **arguments)  # type: ignore[arg-type] # what a policy may write
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
