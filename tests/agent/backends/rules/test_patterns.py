import pytest

from vau_agent.agent.backends.rules.patterns import (
    BODY_AREA,
    GENERIC,
    LASTING_S,
    PATTERNS,
    PRESENT,
    SOME,
    match_patterns,
)
from vau_agent.schemas import CATEGORIES, CUES, Box
from vau_agent.testing import candidate

HALF_PICTURE = Box(x=0, y=0, width=1, height=0.5)


def best(cues: dict[str, float], *, seconds: float = 4.0) -> str | None:
    matches = match_patterns(candidate(10, 10 + seconds, cues))
    return matches[0].pattern.category if matches else None


@pytest.mark.parametrize(
    ("cues", "category"),
    [
        ({"fire_colour": 0.9, "flicker": 0.7}, "fire"),
        ({"fire_colour": 0.9}, "fire"),
        ({"fire_colour": 0.9, "flash": 0.9}, "explosion"),
        ({"flash": 0.9, "motion": 0.8}, "explosion"),
        ({"impact": 0.8, "stillness": 0.6}, "fall"),
        ({"impact": 0.8, "speed": 0.9, "crowd": 0.4}, "road accident"),
        ({"impact": 0.8, "speed": 0.9}, "fall"),
        ({"erratic": 0.9, "motion": 0.4}, "fighting"),
        ({"erratic": 0.9, "motion": 0.4, "impact": 0.6}, "fighting"),
        ({"object_left": 0.8}, "abandoned object"),
        ({"object_removed": 0.8}, "object removed"),
        ({"crowd": 0.8, "speed": 0.7}, "crowd panic"),
        ({"speed": 0.9}, GENERIC),
        ({"motion": 0.9}, GENERIC),
        ({"erratic": 0.9}, GENERIC),
        ({"impact": 0.9}, GENERIC),
        ({"flash": 0.9}, None),
        ({"flicker": 0.9}, None),
        ({"stillness": 0.9}, None),
        ({"crowd": 0.9}, None),
        ({}, None),
        ({"unheard_of": 1.0}, None),
    ],
)
def test_cues_look_like_a_category(cues: dict[str, float], category: str | None) -> None:
    assert best(cues) == category


@pytest.mark.parametrize(
    ("cue", "others", "category"),
    [
        ("fire_colour", {"flicker": 0.9}, "fire"),
        ("flash", {"motion": 0.9}, "explosion"),
        ("impact", {"stillness": 0.9}, "fall"),
        ("erratic", {"motion": 0.4}, "fighting"),
        ("object_left", {}, "abandoned object"),
        ("object_removed", {}, "object removed"),
        ("crowd", {"speed": 0.4}, "crowd panic"),
        ("speed", {}, GENERIC),
    ],
)
def test_a_leading_cue_counts_from_where_it_becomes_unusual(
    cue: str, others: dict[str, float], category: str
) -> None:
    assert best({**others, cue: PRESENT}) == category
    assert best({**others, cue: PRESENT - 0.01}) != category


@pytest.mark.parametrize(
    ("cues", "needed", "category"),
    [
        ({"impact": 0.9}, "stillness", "fall"),
        ({"erratic": 0.9}, "motion", "fighting"),
        ({"crowd": 0.9}, "speed", "crowd panic"),
        ({"impact": 0.9, "speed": 0.9}, "crowd", "road accident"),
    ],
)
def test_a_needed_cue_must_be_there_to_some_degree(
    cues: dict[str, float], needed: str, category: str
) -> None:
    assert best({**cues, needed: SOME}) == category
    assert best({**cues, needed: SOME - 0.01}) != category


def test_a_body_is_not_half_the_picture() -> None:
    small = match_patterns(candidate(1, 2, impact=0.9, stillness=0.9))[0]
    large = match_patterns(candidate(1, 2, impact=0.9, stillness=0.9, box=HALF_PICTURE))[0]

    assert HALF_PICTURE.width * HALF_PICTURE.height > BODY_AREA
    assert small.pattern.category == "fall"
    assert large.rating < small.rating


@pytest.mark.parametrize(("seconds", "category"), [(LASTING_S, "fighting"), (0.6, GENERIC)])
def test_a_push_is_no_fight(seconds: float, category: str) -> None:
    assert best({"erratic": 0.9, "motion": 0.4}, seconds=seconds) == category


def test_who_stops_and_stands_is_no_object() -> None:
    left = match_patterns(candidate(1, 9, object_left=0.7, stillness=0.3))[0]
    stopped = match_patterns(candidate(1, 9, object_left=0.7, stillness=0.9))[0]

    assert stopped.rating == pytest.approx(left.rating / 2)


def test_unusual_motion_is_no_rival_to_what_it_is_part_of() -> None:
    categories = [
        match.pattern.category for match in match_patterns(candidate(1, 3, impact=0.8, speed=0.8))
    ]

    assert categories == ["fall", "road accident"]


def test_patterns_speak_of_known_cues_and_categories() -> None:
    for pattern in PATTERNS:
        named = (*pattern.leads, *pattern.needs, *pattern.helps, *pattern.hurts)
        assert set(named) <= set(CUES)
        assert pattern.explained_by is None or pattern.explained_by in CUES
        assert pattern.category in CATEGORIES


def test_ratings_lie_between_zero_and_one() -> None:
    everything = candidate(1, 9, dict.fromkeys(CUES, 1.0))

    assert all(0 < match.rating <= 1 for match in match_patterns(everything))
