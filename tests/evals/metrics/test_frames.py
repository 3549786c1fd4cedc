from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vau_agent.errors import MetricError
from vau_agent.evals.metrics.frames import (
    PAIRED,
    ScoredVideo,
    frame_ap,
    frame_auc,
    macro_videos,
    paired_frames,
    recall_at_false_alarms,
    score_frames,
    trapezoid_pr_auc,
    video_auc,
    within_video_auc,
)
from vau_agent.evals.significance import resamples
from vau_agent.torchvision_shim import install_shim

PROPERTY = settings(deadline=None, max_examples=60)

FIGURES: dict[str, Callable[[Sequence[ScoredVideo]], float]] = {
    "frame_auc": frame_auc,
    "frame_ap": frame_ap,
    "trapezoid_pr_auc": trapezoid_pr_auc,
    "within_auc_pooled": lambda videos: within_video_auc(videos, average="pooled"),
    "within_auc_macro": lambda videos: within_video_auc(videos, average="macro"),
    "video_auc": video_auc,
    "recall_at_far_5": lambda videos: recall_at_false_alarms(videos, 0.05),
}


def video(name: str, labels: Sequence[int], scores: Sequence[float], **more: int) -> ScoredVideo:
    return ScoredVideo(
        id=name,
        labels=np.array(labels, dtype=np.bool_),
        scores=np.array(scores, dtype=np.float64),
        **more,
    )


def expand(videos: Sequence[ScoredVideo]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Write every frame out."""
    labels = [np.repeat(one.labels, one.weights.astype(int)) for one in videos]
    scores = [np.repeat(one.scores, one.weights.astype(int)) for one in videos]
    return np.concatenate(labels), np.concatenate(scores)


@st.composite
def scored_videos(draw: st.DrawFn) -> list[ScoredVideo]:
    """Some videos with few distinct scores, hence many ties."""
    entry = st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.5000001, 1.0, -2.0]))
    videos = []
    for number in range(draw(st.integers(1, 5))):
        entries = draw(st.lists(entry, min_size=1, max_size=8))
        repeat = draw(st.integers(1, 4))
        frames = (len(entries) - 1) * repeat + draw(st.integers(1, repeat))
        labels, scores = zip(*entries, strict=True)
        videos.append(video(f"v{number}", labels, scores, repeat=repeat, frames=frames))
    return videos


def has_both(videos: Sequence[ScoredVideo]) -> bool:
    labels, _ = expand(videos)
    return bool(labels.any() and not labels.all())


def measure(
    figure: Callable[[Sequence[ScoredVideo]], float], videos: Sequence[ScoredVideo]
) -> float | None:
    try:
        return figure(videos)
    except MetricError:
        return None


FALSE_THEN_TRUE = video("a", [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])


def test_hand_cases() -> None:
    one = [FALSE_THEN_TRUE]
    assert frame_auc(one) == pytest.approx(0.75)
    assert frame_ap(one) == pytest.approx(0.5 + 0.5 * 2 / 3)
    # Points (recall, precision): (0, 1), (.5, 1), (.5, .5), (1, 2/3), (1, .5).
    assert trapezoid_pr_auc(one) == pytest.approx(0.5 + 0.5 * (0.5 + 2 / 3) / 2)
    assert recall_at_false_alarms(one, 0.0) == pytest.approx(0.5)
    assert recall_at_false_alarms(one, 0.5) == pytest.approx(1.0)


def test_constant_scores_make_step_wise_ap_the_base_rate_and_flatter_the_trapezoid() -> None:
    flat = [video("a", [1, 0, 0, 0], [0.5] * 4)]
    assert frame_auc(flat) == pytest.approx(0.5)
    assert frame_ap(flat) == pytest.approx(0.25)
    assert trapezoid_pr_auc(flat) == pytest.approx((1 + 0.25) / 2)
    assert recall_at_false_alarms(flat, 0.99) == 0.0
    assert recall_at_false_alarms(flat, 1.0) == 1.0


def test_a_perfect_video_label_scores_high_overall_and_half_within() -> None:
    videos = [
        video("normal", [0] * 8, [0.0] * 8),
        video("early", [1, 1, 0, 0], [1.0] * 4),
        video("late", [0, 0, 0, 1], [1.0] * 4),
    ]
    assert frame_auc(videos) > 0.8
    assert video_auc(videos) == 1.0
    assert within_video_auc(videos, average="pooled") == pytest.approx(0.5)
    assert within_video_auc(videos, average="macro") == pytest.approx(0.5)


def test_macro_skips_videos_of_one_class_and_counts_the_rest() -> None:
    videos = [
        FALSE_THEN_TRUE,
        video("all", [1, 1], [0.0, 0.0]),
        video("none", [0, 0], [1.0, 1.0]),
        video("right", [0, 1], [0.0, 1.0]),
    ]
    assert macro_videos(videos) == 2
    assert within_video_auc(videos, average="macro") == pytest.approx((0.75 + 1.0) / 2)


@PROPERTY
@given(scored_videos())
def test_repeated_entries_score_as_the_frames_they_stand_for(videos: list[ScoredVideo]) -> None:
    assume(has_both(videos))
    labels, scores = expand(videos)
    plain = [video("frames", labels.tolist(), scores.tolist())]
    for figure in (frame_auc, frame_ap, trapezoid_pr_auc):
        assert figure(videos) == pytest.approx(figure(plain))
    assert recall_at_false_alarms(videos, 0.3) == pytest.approx(recall_at_false_alarms(plain, 0.3))


@PROPERTY
@given(scored_videos())
def test_frame_auc_is_the_share_of_pairs_in_the_right_order(videos: list[ScoredVideo]) -> None:
    assume(has_both(videos))
    labels, scores = expand(videos)
    positive, negative = scores[labels][:, None], scores[~labels][None, :]
    pairs = (positive > negative) + (positive == negative) / 2
    assert frame_auc(videos) == pytest.approx(pairs.mean())


@PROPERTY
@given(scored_videos(), st.floats(0, 1))
def test_recall_at_a_rate_is_that_of_the_best_threshold(
    videos: list[ScoredVideo], rate: float
) -> None:
    assume(has_both(videos))
    labels, scores = expand(videos)
    thresholds = [np.inf, *scores]
    recalls = [
        (scores[labels] >= threshold).mean()
        for threshold in thresholds
        if (scores[~labels] >= threshold).mean() <= rate
    ]
    assert recall_at_false_alarms(videos, rate) == pytest.approx(max(recalls))


@PROPERTY
@given(scored_videos())
def test_a_rising_change_of_scale_changes_nothing(videos: list[ScoredVideo]) -> None:
    assume(has_both(videos))
    scaled = [replace(one, scores=one.scores**3 * 7 - 1) for one in videos]
    for figure in (frame_auc, frame_ap, trapezoid_pr_auc):
        assert figure(scaled) == pytest.approx(figure(videos))


@PROPERTY
@given(scored_videos())
def test_turning_the_scores_around_turns_the_auc_around(videos: list[ScoredVideo]) -> None:
    assume(has_both(videos))
    turned = [replace(one, scores=-one.scores) for one in videos]
    assert frame_auc(turned) == pytest.approx(1 - frame_auc(videos))


@PROPERTY
@given(scored_videos(), st.lists(st.integers(-9, 9), min_size=5, max_size=5))
def test_macro_does_not_see_what_is_added_to_a_whole_video(
    videos: list[ScoredVideo], shifts: list[int]
) -> None:
    assume(macro_videos(videos) > 0)
    shifted = [
        replace(one, scores=one.scores + by) for one, by in zip(videos, shifts, strict=False)
    ]
    assert within_video_auc(shifted, average="macro") == pytest.approx(
        within_video_auc(videos, average="macro")
    )


def test_pooled_sees_what_is_added_to_a_whole_video() -> None:
    videos = [video("a", [0, 1], [0.0, 1.0]), video("b", [0, 1], [0.0, 1.0])]
    shifted = [videos[0], replace(videos[1], scores=videos[1].scores + 5)]
    assert within_video_auc(videos, average="pooled") == 1.0
    assert within_video_auc(shifted, average="pooled") == pytest.approx(0.75)


@PROPERTY
@given(scored_videos())
def test_normal_videos_do_not_enter_the_within_auc(videos: list[ScoredVideo]) -> None:
    assume(macro_videos(videos) > 0)
    more = [*videos, video("normal", [0, 0, 0], [9.0, -9.0, 0.5])]
    for average in ("pooled", "macro"):
        assert within_video_auc(more, average=average) == within_video_auc(videos, average=average)


@pytest.mark.slow
@settings(PROPERTY, max_examples=30)
@given(scored_videos(), st.integers(0, 1000))
def test_the_bootstrap_draws_what_the_figures_of_copied_videos_say(
    videos: list[ScoredVideo], seed: int
) -> None:
    estimates = score_frames(videos, draws=1, seed=seed)
    items = next(resamples(len(videos), draws=1, seed=seed))
    copies = [replace(videos[item], id=f"draw {place}") for place, item in enumerate(items)]
    for name, figure in FIGURES.items():
        estimate, value, drawn = estimates[name], measure(figure, videos), measure(figure, copies)
        assert estimate.value == (value if value is None else pytest.approx(value))
        if value is None or drawn is None:
            assert estimate.low is estimate.high is None
            assert estimate.note
        else:
            assert estimate.low == estimate.high == pytest.approx(drawn)


@pytest.mark.slow
@settings(PROPERTY, max_examples=30)
@given(scored_videos(), st.integers(0, 1000), st.data())
def test_paired_differences_draw_the_same_videos_for_both(
    videos: list[ScoredVideo], seed: int, data: st.DataObject
) -> None:
    others = [
        replace(
            one,
            scores=np.array(
                data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n, max_size=n))
            ),
        )
        for one in videos
        for n in [len(one.scores)]
    ]
    items = next(resamples(len(videos), draws=1, seed=seed))
    a = [replace(videos[item], id=f"draw {place}") for place, item in enumerate(items)]
    b = [replace(others[item], id=f"draw {place}") for place, item in enumerate(items)]
    paired = paired_frames(videos, others[::-1], draws=1, seed=seed)
    for name in PAIRED:
        figure = FIGURES[name]
        if measure(figure, videos) is None or measure(figure, a) is None:
            assert name not in paired
        else:
            assert paired[name].value == pytest.approx(figure(others) - figure(videos))
            assert paired[name].low == pytest.approx(figure(b) - figure(a))
            assert paired[name].low == paired[name].high


@pytest.mark.slow
@settings(PROPERTY, max_examples=30)
@given(scored_videos())
def test_torchmetrics_agrees(videos: list[ScoredVideo]) -> None:
    assume(has_both(videos))
    install_shim()
    import torch
    from torchmetrics.functional.classification import binary_auroc, binary_average_precision

    labels, scores = expand(videos)
    truth, said = torch.tensor(labels).long(), torch.tensor((scores + 2) / 3)
    assert frame_auc(videos) == pytest.approx(binary_auroc(said, truth).item(), abs=1e-6)
    assert frame_ap(videos) == pytest.approx(binary_average_precision(said, truth).item(), abs=1e-6)


def test_score_frames_says_what_stands_in_the_way() -> None:
    normal = [video("a", [0, 0], [0.1, 0.2]), video("b", [0], [0.3])]
    estimates = score_frames(normal, draws=5, seed=0)
    for name in FIGURES:
        assert estimates[name].value is None
        assert estimates[name].note
    assert estimates["frame_auc"].note == (
        "frame AUC needs anomalous and normal items, but all 3 are normal"
    )
    assert estimates["frames"].value == 3
    assert estimates["anomalous_frames"].value == 0
    assert estimates["videos"].value == 2


def test_score_frames_counts_what_each_figure_rests_on() -> None:
    videos = [FALSE_THEN_TRUE, video("b", [1], [0.2], repeat=30), video("c", [0], [0.3], repeat=30)]
    estimates = score_frames(videos, draws=100, seed=0)
    assert estimates["frame_auc"].n == 3
    assert estimates["within_auc_pooled"].n == 2
    assert estimates["within_auc_macro"].n == 1
    assert estimates["frames"].value == 64
    assert estimates["anomalous_frames"].value == 32
    assert estimates["within_auc_macro"].note.startswith("undefined in ")
    low, high = estimates["frame_auc"].low, estimates["frame_auc"].high
    assert low is not None
    assert high is not None
    assert low < high


def test_no_draws_leave_the_intervals_out() -> None:
    estimate = score_frames([FALSE_THEN_TRUE], draws=0, seed=0)["frame_auc"]
    assert estimate.value == pytest.approx(0.75)
    assert estimate.low is None
    assert estimate.note == ""


def test_a_rate_of_exactly_5_percent_is_allowed_in_draws_too() -> None:
    one_of_20 = video("a", [1] + [0] * 20, [0.5, 0.9] + [0.1] * 19)
    estimate = score_frames([one_of_20], draws=2, seed=0)["recall_at_far_5"]
    assert estimate.low == estimate.value == estimate.high == 1.0


def test_a_pair_of_equal_scores_differs_by_nothing() -> None:
    videos = [FALSE_THEN_TRUE, video("b", [0, 1, 0], [0.2, 0.1, 0.3])]
    paired = paired_frames(videos, videos, draws=50, seed=0)
    assert set(paired) == set(PAIRED)
    assert all(one.low == one.value == one.high == 0 for one in paired.values())


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ([video("b", [0, 1], [0.0, 1.0])], "'a' is in one only"),
        ([video("a", [0, 0, 0, 1], [0.0] * 4)], "2 of 4 frames .* 1 of 4"),
        ([video("a", [0, 1, 1], [0.0] * 3)], "2 of 4 frames .* 2 of 3"),
    ],
)
def test_a_pair_of_different_videos_or_truths_is_refused(
    other: list[ScoredVideo], said: str
) -> None:
    with pytest.raises(MetricError, match=said):
        paired_frames([FALSE_THEN_TRUE], other, draws=5, seed=0)


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES.keys())
def test_each_figure_refuses_a_video_that_is_there_twice(
    figure: Callable[[Sequence[ScoredVideo]], float],
) -> None:
    with pytest.raises(MetricError, match="'a' is scored twice"):
        figure([FALSE_THEN_TRUE, FALSE_THEN_TRUE, video("b", [0], [0.0])])


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES.keys())
@pytest.mark.parametrize("videos", [[], [video("a", [0], [0.0])], [video("a", [1], [0.0])]])
def test_each_figure_refuses_one_class(
    figure: Callable[[Sequence[ScoredVideo]], float], videos: list[ScoredVideo]
) -> None:
    with pytest.raises(MetricError, match="needs a"):
        figure(videos)


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(MetricError, match="no video to score"):
        score_frames([], draws=5, seed=0)
    with pytest.raises(MetricError, match="no video to score"):
        paired_frames([], [], draws=5, seed=0)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_that_is_no_share_is_refused(rate: float) -> None:
    with pytest.raises(MetricError, match="lies in 0"):
        recall_at_false_alarms([FALSE_THEN_TRUE], rate)


@pytest.mark.parametrize(
    ("labels", "scores", "more", "said"),
    [
        ([0, 1], [0.1], {}, "give one score for each label"),
        ([], [], {}, "no frames"),
        ([0, 1], [0.1, float("nan")], {}, "entry 1 is nan"),
        ([0, 1], [float("inf"), 0.1], {}, "entry 0 is inf"),
        ([0, 1], [0.1, 0.2], {"repeat": 0}, "do not make 0 frames"),
        ([0, 1], [0.1, 0.2], {"repeat": 3, "frames": 3}, "2 entries of 3 .* 3 frames"),
        ([0, 1], [0.1, 0.2], {"repeat": 3, "frames": 7}, "7 frames"),
    ],
)
def test_a_video_that_does_not_fit_is_refused_by_name(
    labels: list[int], scores: list[float], more: dict[str, int], said: str
) -> None:
    with pytest.raises(MetricError, match=f"video 'cam 3'.*{said}"):
        video("cam 3", labels, scores, **more)


def test_labels_and_scores_of_other_kinds_are_refused() -> None:
    numbers = np.array([0, 2])
    with pytest.raises(MetricError, match="labels are int64 and scores float64"):
        ScoredVideo(id="a", labels=numbers, scores=np.array([0.1, 0.2]))
    with pytest.raises(MetricError, match="scores uint8"):
        ScoredVideo(id="a", labels=numbers > 0, scores=numbers.astype(np.uint8))


def test_equal_scores_have_an_equal_mean_at_any_length() -> None:
    videos = [video(f"v{n}", [n % 2] * n, [0.1] * n, repeat=n) for n in range(1, 40)]
    assert len({one.mean_score for one in videos}) == 1
    assert video_auc(videos) == pytest.approx(0.5)


def test_the_last_entry_may_stand_for_fewer_frames() -> None:
    one = video("a", [0, 1], [0.0, 1.0], repeat=30, frames=31)
    assert one.weights.tolist() == [30, 1]
    assert one.anomalous_frames == 1
    assert one.mean_score == pytest.approx(1 / 31)
