import pytest

from vau_agent.agent.times import asked_segment, named_times

DURATION = 300.0


@pytest.mark.parametrize(
    ("question", "span"),
    [
        ("What happened at 02:10?", (128, 132)),
        ("Who is there at 12.5 s?", (10.5, 14.5)),
        ("What happens in the last minute?", (240, 300)),
        ("and the first 10 seconds", (0, 10)),
        ("Anything in the first half?", (0, 150)),
        ("between 0:05 and 0:09", (5, 9)),
        ("from 3 s to 9 s", (3, 9)),
        ("00:05 - 00:09?", (5, 9)),
        ("what was before 00:16?", (0, 16)),
        ("what came after 00:16?", (16, 300)),
        ("How does it look at the end?", (270, 300)),
        ("at 04:59", (297, 300)),
    ],
)
def test_a_question_names_the_part_it_asks_about(question: str, span: tuple[float, float]) -> None:
    asked = asked_segment(question, DURATION)

    assert asked is not None
    assert (asked.start, asked.end) == span


@pytest.mark.parametrize(
    "question", ["Who left first?", "Are there 2 people?", "What happened at 1:02:03?", ""]
)
def test_no_part_is_made_up(question: str) -> None:
    assert asked_segment(question, DURATION) is None


def test_named_times_are_read_in_order() -> None:
    assert named_times("From 00:14.5 until 1:00:02 and at 3 s.") == (14.5, 3602.0, 3.0)
