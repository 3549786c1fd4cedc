"""VAU-R1's rules, as released and mended."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.evals.formats.vau_r1 import (
    CLASSES,
    Label,
    Times,
    compat_class,
    compat_iou,
    compat_label_is_right,
    compat_letter,
    compat_times,
    reward_iou,
    strict_class,
    strict_iou,
    strict_label,
    strict_times,
)
from vau_agent.schemas import Segment

NONE = (-1.0, -1.0)


@pytest.mark.parametrize(
    ("predicted", "truth", "reward"),
    [
        (NONE, NONE, 1),
        (NONE, (3, 5), 0),
        ((3, 5), NONE, 0),
        ((0, 10), (5, 15), 1 / 3),
        ((0, 0), (0, 0), 1),
        (NONE, (0, 0), 0),
        ((4, 4), (4, 4), 1),
        (None, (3, 5), 0),
        ((10, 20), (12, 20), 0.8),
    ],
)
def test_the_reward_keeps_its_defects(predicted: Times | None, truth: Times, reward: float) -> None:
    assert reward_iou(predicted, truth) == pytest.approx(reward)


@pytest.mark.parametrize(
    ("predicted", "truth", "iou"),
    [
        ((0, 10), (5, 15), 1 / 3),
        ((0, 5), (10, 15), 0),
        ((5, 5), (0, 10), 0),
        ((8, 2), (0, 10), 0),
        ((-5, 5), (0, 10), 5 / 15),
        ((0, 10), NONE, 0),
    ],
)
def test_the_evaluation_takes_the_hull(predicted: Times, truth: Times, iou: float) -> None:
    assert compat_iou(predicted, truth) == pytest.approx(iou)


@pytest.mark.parametrize(
    ("predicted", "truth", "iou"),
    [
        (NONE, None, 1),
        ((3, 5), None, 0),
        (None, None, 0),
        (NONE, Segment(start=3, end=5), 0),
        (None, Segment(start=3, end=5), 0),
        ((0, 10), Segment(start=5, end=15), 1 / 3),
    ],
)
def test_strict_rewards_the_answer_that_was_asked_for(
    predicted: Times | None, truth: Segment | None, iou: float
) -> None:
    assert strict_iou(predicted, truth) == pytest.approx(iou)


@pytest.mark.parametrize(
    ("text", "compat", "strict"),
    [
        ("<answer>Anomaly</answer><glue>[0.0, 10.4]</glue>", (0, 10.4), (0, 10.4)),
        ("it happens at [0.5,1.2], not [3, 4]", (0.5, 1.2), None),
        ("<glue>[00:05, 01:10]</glue>", (5, 70), (5, 70)),
        ("<glue>[1:00:00, 1:00:02.5]</glue>", (3600, 3602.5), (3600, 3602.5)),
        ("<glue>[1:05, 70]</glue>", (0, 0), (65, 70)),
        ("<glue>[3.0 s, 5.0 s]</glue>", (3, 5), None),
        ("<glue>[8, 2]</glue>", (8, 2), None),
        ("<glue>[-1.0, -1.0]</glue>", NONE, NONE),
        ("<glue>[-2, 3]</glue>", (-2, 3), None),
        ("<glue>[4, 4]</glue>", (4, 4), None),
        ("<glue>[1, 2, 3]</glue>", (0, 0), None),
        ("<glue>[a, b]</glue>", (0, 0), None),
        ("<glue>[1.2.3, 4]</glue>", (0, 0), None),
        ("nothing", (0, 0), None),
        ("", (0, 0), None),
    ],
)
def test_times_are_read(text: str, compat: Times, strict: Times | None) -> None:
    assert compat_times(text) == compat
    assert strict_times(text) == strict


@given(
    start=st.floats(0, 59, allow_nan=False).map(lambda value: round(value, 2)),
    minutes=st.integers(0, 59),
    end=st.floats(0, 59, allow_nan=False).map(lambda value: round(value, 2)),
)
def test_clock_times_are_those_that_datetime_reads(start: float, minutes: int, end: float) -> None:
    text = f"<glue>[{minutes:02d}:{start:05.2f}, {minutes:02d}:{end:05.2f}]</glue>"
    expected = []
    for one in re.findall(r"\d\d:[\d.]+", text):
        read = datetime.strptime(one, "%M:%S.%f").replace(tzinfo=UTC)
        expected.append(60 * read.minute + read.second + read.microsecond / 1e6)
    assert compat_times(text) == pytest.approx(tuple(expected))


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("<answer> C </answer>", "C"),
        ("<answer>the answer is D</answer> A", "D"),
        ("Anomaly", "A"),
        ("Normal", None),
        ("b", None),
        ("H", None),
    ],
)
def test_the_letter_is_the_first_capital_up_to_g(text: str, letter: str | None) -> None:
    assert compat_letter(text) == letter


@pytest.mark.parametrize(
    ("text", "truth", "compat", "strict"),
    [
        ("<answer>Anomaly</answer>", "Anomaly", True, "Anomaly"),
        ("<answer>Normal</answer>", "Normal", True, "Normal"),
        ("<answer>no idea</answer>", "Normal", True, None),
        ("<answer>Definitely Normal</answer>", "Normal", False, None),
        ("<answer>Apples</answer>", "Anomaly", True, None),
        ("<answer>normal.</answer>", "Anomaly", False, "Normal"),
        ("Anomaly", "Anomaly", True, None),
    ],
)
def test_labels_are_letters_in_compat_and_words_in_strict(
    text: str, truth: Label, compat: bool, strict: Label | None
) -> None:
    assert compat_label_is_right(text, truth) is compat
    assert strict_label(text) == strict


@pytest.mark.parametrize(
    ("text", "compat", "strict"),
    [
        ("<answer> Assault </answer>", "Assault", "Assault"),
        ("<answer>people falling</answer>", None, "People_falling"),
        ("People_falling", "People_falling", "People_falling"),
        ("a fire, not an explosion", "Fire", None),
        ("<answer>Absence_of_anomaly</answer>", None, None),
        ("<answer>traffic_ACCIDENT</answer>", "Traffic_accident", "Traffic_accident"),
    ],
)
def test_classes_are_read(text: str, compat: str | None, strict: str | None) -> None:
    assert compat_class(text) == compat
    assert strict_class(text) == strict


def test_there_are_twenty_classes_and_each_reads_as_itself() -> None:
    assert len(CLASSES) == 20
    for name in CLASSES:
        assert strict_class(name) == compat_class(name) == name


SNIPPETS = st.lists(
    st.sampled_from(
        ["<answer>", "</answer>", "<glue>", "</glue>", "[", "]", ",", "1", ":", "-", ".", "A"]
    )
    | st.text(max_size=3)
).map("".join)


@given(SNIPPETS, st.tuples(st.floats(-2, 9), st.floats(-2, 9)))
def test_any_answer_has_a_score_between_0_and_1(text: str, truth: Times) -> None:
    assert 0 <= compat_iou(compat_times(text), truth) <= 1
    assert 0 <= reward_iou(compat_times(text), truth) <= 1
    assert strict_iou(strict_times(text), None) in (0, 1)
    assert 0 <= strict_iou(strict_times(text), Segment(start=1, end=9)) <= 1
    assert compat_letter(text) in (None, *"ABCDEFG")
    assert strict_label(text) in (None, "Anomaly", "Normal")
