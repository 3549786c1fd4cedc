import warnings
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
)

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.labels import (
    binary_scores,
    choice_accuracy,
    class_accuracy,
    macro_f1,
)
from vau_agent.evals.samples import Question

Answers = list[tuple[bool, bool | None]]
ANSWERS = st.lists(st.tuples(st.booleans(), st.none() | st.booleans()), min_size=1, max_size=25)
CLASSES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.none() | st.sampled_from("abcdx")), min_size=1
)


def filled(answers: Answers) -> tuple[list[bool], list[bool]]:
    """What scikit-learn is given: an unread answer replaced by the wrong one."""
    truth = [right for right, _ in answers]
    said = [(not right) if answer is None else answer for right, answer in answers]
    return truth, said


@given(ANSWERS)
@settings(deadline=None, max_examples=60)
def test_binary_scores_are_those_of_scikit_learn(answers: Answers) -> None:
    truth, said = filled(answers)
    scores = binary_scores(truth, [answer for _, answer in answers], draws=60)
    values = {name: estimate.value for name, estimate in scores.items()}
    assert values["accuracy"] == pytest.approx(accuracy_score(truth, said))
    assert values["precision"] == pytest.approx(precision_score(truth, said, zero_division=0))
    matrix = confusion_matrix(truth, said, labels=[False, True]).ravel().tolist()
    assert [values[name] for name in ("tn", "fp", "fn", "tp")] == matrix
    if any(truth):
        assert values["recall"] == pytest.approx(recall_score(truth, said))
        assert values["f1"] == pytest.approx(f1_score(truth, said, zero_division=0))
    else:
        assert values["recall"] is values["f1"] is None
    if len(set(truth)) == 2:
        assert values["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, said))
    else:
        assert values["balanced_accuracy"] is None


@given(ANSWERS)
@settings(deadline=None)
def test_an_unread_answer_is_counted_and_wrong(answers: Answers) -> None:
    truth, said = [right for right, _ in answers], [answer for _, answer in answers]
    scores = binary_scores(truth, said, draws=60)
    tn, fp, fn, tp = (scores[name].value or 0 for name in ("tn", "fp", "fn", "tp"))
    assert tn + fp + fn + tp == len(answers)
    assert tn + tp == sum(right is answer for right, answer in answers)
    assert scores["unparsed"].value == said.count(None)


def test_a_hand_case_with_an_unread_answer() -> None:
    scores = binary_scores([True, True, True, False, False], [True, True, None, False, True])
    values = {name: estimate.value for name, estimate in scores.items()}
    assert values["accuracy"] == pytest.approx(3 / 5)
    assert values["precision"] == values["recall"] == values["f1"] == pytest.approx(2 / 3)
    assert values["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert values["unparsed"] == 1
    assert scores["accuracy"].low == pytest.approx(0.2307, abs=1e-4)
    assert scores["accuracy"].high == pytest.approx(0.8824, abs=1e-4)


def test_nothing_called_anomalous_has_precision_0_and_says_why() -> None:
    scores = binary_scores([True, False], [False, False])
    assert scores["precision"].value == scores["f1"].value == 0
    assert scores["precision"].note == "nothing was called anomalous"


@pytest.mark.parametrize("said", [[], [True, False]])
def test_answers_that_do_not_fit_their_items_are_refused(said: list[bool]) -> None:
    with pytest.raises(MetricError, match=f"1 items and {len(said)} answers"):
        binary_scores([True], said)


def test_no_items_are_refused() -> None:
    with pytest.raises(MetricError, match="no items"):
        binary_scores([], [])


@given(CLASSES)
@settings(deadline=None, max_examples=60)
def test_class_scores_are_those_of_scikit_learn(pairs: Sequence[tuple[str, str | None]]) -> None:
    truth, said = [one for one, _ in pairs], [other for _, other in pairs]
    spoken = ["unread" if one is None else one for one in said]
    assert class_accuracy(truth, said).value == pytest.approx(accuracy_score(truth, spoken))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        expected = f1_score(truth, spoken, labels=sorted(set(truth)), average="macro")
    assert macro_f1(truth, said, draws=2).value == pytest.approx(expected)


def test_macro_f1_of_a_hand_case() -> None:
    # fire: precision 1, recall 1/2; fight: precision 1/2, recall 1; abuse: never named.
    truth = ["fire", "fire", "fight", "abuse"]
    said = ["fire", "smoke", "fight", "fight"]
    assert macro_f1(truth, said).value == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_case_and_outer_space_of_a_class_name_do_not_matter() -> None:
    assert class_accuracy(["Fire", "Abuse"], [" fire", "Abused"]).value == 0.5
    assert macro_f1(["Fire"], ["FIRE "]).value == 1


def questions(count: int) -> list[Question]:
    return [Question(text="?", options=("w", "x", "y"), answer=place % 3) for place in range(count)]


def test_an_unread_choice_is_wrong() -> None:
    accuracy = choice_accuracy(questions(4), [0, 1, None, 2])
    assert accuracy.value == 0.5
    assert accuracy.n == 4


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(MetricError, match="question 1 has 3 options, not one at 3"):
        choice_accuracy(questions(2), [0, 3])
