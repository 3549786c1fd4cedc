"""What a video may cost follows from the settings, the size of its file and its pictures."""

import pytest

from vau_agent.settings import VideoLimits
from vau_agent.tools.video.budgets import MIB, Budget, budget_for

LIMITS = VideoLimits(
    base_wall_seconds=10,
    wall_per_cpu_second=3,
    base_cpu_seconds=20,
    cpu_seconds_per_mb=2,
    cpu_seconds_per_gigapixel=5,
    requests_per_child=7,
)


@pytest.fixture
def budget() -> Budget:
    return budget_for(LIMITS, file_bytes=4 * MIB)


def test_processor_time_grows_with_the_file(budget: Budget) -> None:
    assert budget.file_cpu_seconds == 20 + 2 * 4
    assert budget.life_cpu_seconds == 7 * 28


@pytest.mark.parametrize(
    ("pictures", "area", "gigapixels"),
    [(0, 10**6, 0), (1000, 10**6, 1), (1000, 10, 0.065536), (1000, 256 * 256 + 1000, 0.066536)],
)
def test_processor_time_grows_with_pictures_and_their_area(
    budget: Budget, pictures: int, area: int, gigapixels: float
) -> None:
    allowed = budget.cpu_seconds(pictures=pictures, area=area)

    assert allowed == pytest.approx(28 + 5 * gigapixels)


def test_wall_time_follows_processor_time(budget: Budget) -> None:
    assert budget.silent_seconds == 10
    assert budget.wall_seconds(cpu_seconds=28) == 10 + 3 * 28


@pytest.mark.parametrize(
    ("hours", "width", "height", "cpu_hours"), [(10, 1920, 1080, 4), (24, 3840, 2160, 40)]
)
def test_long_videos_are_allowed_what_decoding_them_takes(
    hours: int, width: int, height: int, cpu_hours: float
) -> None:
    """At 25 frames a second and 5 s a gigapixel, twice what was measured for such pictures."""
    budget = budget_for(VideoLimits(), file_bytes=hours * 100 * MIB)
    pictures = hours * 3600 * 25

    honest_hours = 5 * pictures * width * height / 1e9 / 3600
    allowed = budget.cpu_seconds(pictures=pictures, area=width * height) / 3600

    assert allowed > 2 * honest_hours
    assert allowed > cpu_hours
