import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vau_agent.errors import ToolArgumentError
from vau_agent.schemas import Box, Segment
from vau_agent.tools.places import Region, box_words, check_moment, moment_span, place_words


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (0.5, 0.5, "the middle"),
        (0.01, 0.5, "the left edge"),
        (0.99, 0.5, "the right edge"),
        (0.5, 0.02, "the upper edge"),
        (0.5, 0.97, "the lower edge"),
        (0.2, 0.2, "the upper left"),
        (0.8, 0.8, "the lower right"),
        (0.2, 0.5, "the left"),
        (0.5, 0.8, "the lower middle"),
        (0.01, 0.05, "the left edge"),
    ],
)
def test_places_have_the_names_that_people_use(x: float, y: float, words: str) -> None:
    assert place_words(x, y) == words


@given(
    x=st.floats(0, 1, exclude_max=True),
    y=st.floats(0, 1, exclude_max=True),
    width=st.floats(0, 1, exclude_min=True),
    height=st.floats(0, 1, exclude_min=True),
)
def test_a_region_never_leaves_the_picture(x: float, y: float, width: float, height: float) -> None:
    box = Region(x=x, y=y, width=width, height=height).box

    assert box.x + box.width <= 1 + 1e-9
    assert box.y + box.height <= 1 + 1e-9


def test_a_region_that_is_not_named_is_the_whole_picture() -> None:
    assert Region().is_whole
    assert not Region(width=0.5).is_whole
    assert Region(x=0, y=0, width=1, height=1).is_whole


@pytest.mark.parametrize("field", ["x", "y", "width", "height"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_no_region(field: str, value: float) -> None:
    with pytest.raises(ValidationError):
        Region.model_validate({field: value})


def test_a_box_is_told_by_the_numbers_that_a_tool_takes() -> None:
    said = box_words(Box(x=0.125, y=0.5, width=0.25, height=1))

    assert said == "x 0.12 y 0.50 width 0.25 height 1.00"


@pytest.mark.parametrize(("seconds", "refused"), [(9.99, False), (10.0, True)])
def test_a_moment_lies_in_the_video(seconds: float, refused: bool) -> None:
    if refused:
        with pytest.raises(ToolArgumentError, match=r"crop: t_s is 10, but the video ends at 10"):
            check_moment("crop", "t_s", seconds, 10.0)
    else:
        assert check_moment("crop", "t_s", seconds, 10.0) == seconds


@pytest.mark.parametrize(
    ("seconds", "duration", "span"),
    [(5, 10, (4.5, 5.5)), (0, 10, (0, 1)), (9.9, 10, (9, 10)), (0.1, 0.4, (0, 0.4))],
)
def test_a_moment_stands_for_the_second_around_it(
    seconds: float, duration: float, span: tuple[float, float]
) -> None:
    assert moment_span(seconds, duration) == Segment(start=span[0], end=span[1])
