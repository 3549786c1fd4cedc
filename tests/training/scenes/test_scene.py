import numpy as np
import pytest

from vau_agent.schemas import Segment
from vau_agent.training.scenes.questions import ask
from vau_agent.training.scenes.scene import Scene, draw_duration, draw_scene
from vau_agent.training.scenes.splits import places
from vau_agent.training.scenes.truth import Question, SceneTruth


@pytest.fixture(scope="module")
def fight() -> Scene:
    return draw_scene("L2", 11, kind="fight", duration_s=6.0)


def test_a_scene_is_the_same_each_time_it_is_drawn(fight: Scene) -> None:
    again = draw_scene("L2", 11, kind="fight", duration_s=6.0)

    assert again.truth == fight.truth
    assert np.array_equal(again.picture(3.0), fight.picture(3.0))
    assert again.boxes(3.0) == fight.boxes(3.0)
    assert again.questions() == fight.questions()


def test_a_scene_shows_its_actors_where_the_boxes_say(fight: Scene) -> None:
    segment = fight.truth.segment
    assert segment is not None
    boxes = fight.boxes((segment.start + segment.end) / 2)

    assert set(boxes) <= set(fight.truth.actors)
    assert len(boxes) >= 2
    assert all(box.height > 0.03 for box in boxes.values())


def test_a_scene_has_the_looks_of_its_split_and_the_length_it_was_asked_for(fight: Scene) -> None:
    assert fight.truth.place in places("L2")
    assert fight.duration_s == 6.0
    assert fight.picture(0.0).shape == (fight.view.size[1], fight.view.size[0], 3)


def test_a_third_of_the_lengths_is_short_and_none_is_over_forty_seconds() -> None:
    rng = np.random.default_rng(2)
    lengths = np.array([draw_duration(rng) for _ in range(600)])

    assert 0.27 < (lengths <= 6).mean() < 0.41
    assert lengths.min() >= 2
    assert 35 < lengths.max() <= 40


def truth(category: str | None = "fall") -> SceneTruth:
    return SceneTruth(
        kind="fall",
        category=category,
        segment=Segment(start=7, end=9) if category else None,
        risk=2 if category else 0,
        caption="A person falls.",
        actors=("person 1", "car 2"),
        place="a yard",
    )


def answers(questions: tuple[Question, ...]) -> dict[str, str]:
    return {one.asks: one.options[one.answer] for one in questions}


def test_questions_have_the_right_answers() -> None:
    right = answers(ask(truth(), 10.0, np.random.default_rng(1)))

    assert right == {
        "what": "fall",
        "where": "a yard",
        "how many": "one",
        "who": "people and a vehicle",
        "when": "near the end",
    }
    assert answers(ask(truth(None), 10.0, np.random.default_rng(1)))["what"] == "nothing unusual"


def test_the_right_option_stands_anywhere_and_only_once() -> None:
    asked = [ask(truth(), 10.0, np.random.default_rng(seed)) for seed in range(40)]
    right = answers(asked[0])

    assert {one.answer for questions in asked for one in questions} == {0, 1, 2, 3}
    for questions in asked:
        for one in questions:
            assert one.options.count(right[one.asks]) == 1


def test_truth_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="come together"):
        SceneTruth(kind="hug", category="fall", risk=2, caption="A.", place="a yard")
    with pytest.raises(ValueError, match="not one of the categories"):
        truth("jaywalking")
