import math
import random
from pathlib import Path

import pytest

from vau_agent.agent.backends.base import TokenChoice
from vau_agent.agent.calibration import (
    MIN_EXAMPLES,
    MIN_OF_EACH,
    MIN_VERDICT_SHARE,
    Calibration,
    anomaly_probability,
    calibration_path,
    fit_calibration,
    load_calibration,
    save_calibration,
    score_verdict,
)
from vau_agent.errors import SettingsError
from vau_agent.schemas import Segment, Verdict

FITTED = Calibration(policy="p", slope=2, shift=-1, examples=40, fitted_on="drawn clips")
FIRE = Verdict(label="anomalous", category="fire", segment=Segment(start=1, end=2))


def choice(**shares: float) -> TokenChoice:
    logs = {token: math.log(share) for token, share in shares.items()}
    first = next(iter(logs))
    return TokenChoice(token=first, logprob=logs[first], alternatives=logs)


def of(*tokens: tuple[str, float]) -> TokenChoice:
    return choice(**dict(tokens))


# --- from a token to a probability


def test_the_probability_is_the_share_of_categories_in_what_is_told() -> None:
    told = choice(normal=0.6, fire=0.1, fight=0.1, the=0.2)

    assert anomaly_probability(told) == pytest.approx(0.2 / 0.8)


@pytest.mark.parametrize(
    "token",
    [
        "normal",
        "Normal",
        " normal",
        "\u0120normal",
        "\u2581norm",
        "NOR",
        "n",
        "\u010anormal</",
        '"no',
    ],
)
def test_a_token_begins_normal_however_it_is_written(token: str) -> None:
    assert anomaly_probability(TokenChoice(token=token, logprob=0.0)) == 0.0


@pytest.mark.parametrize(
    "token",
    [
        "fight",
        " Fire",
        "\u0120road",
        "\u2581Road",
        "RoadAccident",
        "anomal",
        "Anomaly",
        "s",
        "ab",
    ],
)
def test_a_token_begins_a_category_however_it_is_written(token: str) -> None:
    assert anomaly_probability(TokenChoice(token=token, logprob=0.0)) == 1.0


@pytest.mark.parametrize(
    "token",
    ["in", "i", "inconclusive", "", " ", "</", "\n", "the", "dragon", "\u6b63\u5e38", "7", "not"],
)
def test_a_token_that_begins_neither_or_both_tells_nothing(token: str) -> None:
    assert anomaly_probability(TokenChoice(token=token, logprob=0.0)) is None


def test_where_a_task_offers_abstain_its_beginning_is_no_category() -> None:
    told = TokenChoice(token="ab", logprob=0.0)

    assert anomaly_probability(told) == 1.0
    assert anomaly_probability(told, may_abstain=True) is None


@pytest.mark.parametrize(("share", "is_told"), [(0.0, True), (0.02, False)])
def test_below_a_share_the_token_tells_too_little(share: float, is_told: bool) -> None:
    kept = MIN_VERDICT_SHARE - share
    told = choice(normal=kept / 2, fire=kept / 2, inconclusive=1 - kept)

    assert (anomaly_probability(told) is not None) == is_told


def test_the_written_token_counts_even_when_it_is_not_among_the_alternatives() -> None:
    told = TokenChoice(token="fire", logprob=math.log(0.5), alternatives={"normal": math.log(0.25)})

    assert anomaly_probability(told) == pytest.approx(2 / 3)


def test_impossible_log_probabilities_count_for_nothing() -> None:
    told = TokenChoice(
        token="normal",
        logprob=0.0,
        alternatives={"fire": -math.inf, "arson": math.nan, "normal": 0.0},
    )

    assert anomaly_probability(told) == 0.0


# --- a verdict's score


def test_a_verdict_gets_the_probability_of_what_it_says() -> None:
    assert score_verdict(FIRE, 0.7, None).confidence == 0.7
    assert score_verdict(Verdict(label="normal"), 0.7, None).confidence == pytest.approx(0.3)
    assert score_verdict(FIRE, 0.7, None).confidence_from == "token"
    assert score_verdict(FIRE, 0.7, FITTED).confidence_from == "calibrated"


def test_a_verdict_its_token_speaks_against_stays_with_little_confidence() -> None:
    scored = score_verdict(FIRE, 0.1, None)

    assert scored.label == "anomalous"
    assert scored.confidence == 0.1


def test_nothing_decided_keeps_the_number_it_wrote() -> None:
    undecided = Verdict(label="inconclusive", reason="too dark", confidence=0.4)

    assert score_verdict(undecided, 0.9, FITTED) == undecided


# --- Platt's curve


def test_probabilities_stay_in_order_and_within_their_limits() -> None:
    scores = [0.0, 1e-9, 0.2, 0.5, 0.8, 1.0]
    calibrated = [FITTED.apply(score) for score in scores]

    assert calibrated == sorted(calibrated)
    assert all(0 <= one <= 1 for one in calibrated)
    assert FITTED.apply(0.5) == pytest.approx(1 / (1 + math.e))


@pytest.mark.slow
def test_an_overconfident_policy_is_told_how_often_it_is_right() -> None:
    draw = random.Random(7)
    truths = [draw.uniform(0.05, 0.95) for _ in range(1000)]
    labels = [draw.random() < truth for truth in truths]
    claimed = [1 / (1 + ((1 - truth) / truth) ** 3) for truth in truths]

    fitted = fit_calibration(claimed, labels, policy="p", fitted_on="drawn clips")

    assert fitted.slope == pytest.approx(1 / 3, rel=0.2)
    errors = [abs(fitted.apply(c) - t) for c, t in zip(claimed, truths, strict=True)]
    raw = [abs(c - t) for c, t in zip(claimed, truths, strict=True)]
    assert sum(errors) < sum(raw) / 4
    assert (fitted.examples, fitted.fitted_on) == (1000, "drawn clips")


def test_clips_that_part_perfectly_leave_room_for_doubt() -> None:
    fitted = fit_calibration(
        [0.1] * 20 + [0.9] * 20, [False] * 20 + [True] * 20, policy="p", fitted_on="drawn"
    )

    assert 0.9 < fitted.apply(0.9) < 0.99
    assert 0.01 < fitted.apply(0.1) < 0.1


@pytest.mark.parametrize(
    ("anomalous", "normal", "is_enough"),
    [
        (MIN_OF_EACH, MIN_EXAMPLES - MIN_OF_EACH, True),
        (MIN_OF_EACH - 1, MIN_EXAMPLES, False),
        (MIN_EXAMPLES, MIN_OF_EACH - 1, False),
        (MIN_OF_EACH, MIN_EXAMPLES - MIN_OF_EACH - 1, False),
        (0, 100, False),
        (0, 0, False),
    ],
)
def test_too_few_clips_are_no_calibration(anomalous: int, normal: int, is_enough: bool) -> None:
    scores, labels = [0.8] * anomalous + [0.3] * normal, [True] * anomalous + [False] * normal
    if is_enough:
        fitted = fit_calibration(scores, labels, policy="p", fitted_on="few")
        assert fitted.examples == len(labels)
    else:
        with pytest.raises(SettingsError, match=f"from {len(labels)} clips.*judge more"):
            fit_calibration(scores, labels, policy="p", fitted_on="few")


def test_scores_that_fall_where_anomalies_rise_are_refused() -> None:
    with pytest.raises(SettingsError, match="do not rise"):
        fit_calibration(
            [0.9] * 20 + [0.1] * 20, [False] * 20 + [True] * 20, policy="p", fitted_on="drawn"
        )


# --- kept in a folder


def test_a_calibration_is_found_again_by_its_policy(tmp_path: Path) -> None:
    path = save_calibration(FITTED, tmp_path)

    assert path == calibration_path(tmp_path, "p")
    assert path.parent == tmp_path / "calibration"
    assert load_calibration(tmp_path, "p") == FITTED
    assert load_calibration(tmp_path, "another") is None
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"policy": "p", "slope": -1}'])
def test_a_damaged_calibration_is_named(tmp_path: Path, content: str) -> None:
    path = save_calibration(FITTED, tmp_path)
    path.write_text(content)

    with pytest.raises(SettingsError, match=path.name):
        load_calibration(tmp_path, "p")


def test_a_calibration_of_another_policy_is_not_used(tmp_path: Path) -> None:
    path = calibration_path(tmp_path, "q")
    save_calibration(FITTED, tmp_path).rename(path)

    with pytest.raises(SettingsError, match="'p', not of 'q'"):
        load_calibration(tmp_path, "q")
