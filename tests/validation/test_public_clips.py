"""The curve on public clips against frame differencing.

The floors are what frame differencing reaches on the same clips, without learning. Labels are
used to compute the area under the curve and for nothing else. Frame AUC is pooled over the clips;
the score of a clip is the mean of its curve, fixed before the first measurement.

Nine whole variants were measured on these clips, this one included (frame AUC 0.79 to 0.91, clip
AUC 0.72 to 0.84); besides, nine definitions of speed were compared on the four Ped2 clips to find
why the ruler failed. Variants were changed for reasons of physics: the ruler (heights of single
silhouettes, then a perspective fit), the search for fast things, the meaning of "erratic", how
much cues say that need a known normal. The last one was kept for what rendered scenes show, not
for its figures here. With 16 clips one pair in 64 is 0.016, and the 95 % interval of the clip AUC
is about +-0.2.
"""

import numpy as np
import pytest

from tests.validation.clips import DATA, auc, clips, curves, frame_labels, measure_clip, per_frame

FRAME_AUC_FLOOR = 0.907
CLIP_AUC_FLOOR = 0.844

needs_clips = pytest.mark.skipif(
    not (DATA / "manifest.json").exists(), reason="the public clips are not beside the repository"
)


@needs_clips
@pytest.mark.slow
@pytest.mark.xfail(
    strict=True,
    reason="frame AUC 0.87: odd frames stand out within a clip, but the ruler that turns pixels "
    "into body heights differs from clip to clip, as crowds merge",
)
def test_the_curve_finds_odd_frames_better_than_frame_differencing() -> None:
    entries = clips("ped2")
    results = [measure_clip(entry) for entry in entries]
    labels = np.concatenate([frame_labels(entry) for entry in entries])
    scores = np.concatenate(
        [
            per_frame(result, curves(result)["score"], entry)
            for result, entry in zip(results, entries, strict=True)
        ]
    )
    assert auc(scores[labels], scores[~labels]) > FRAME_AUC_FLOOR


@needs_clips
@pytest.mark.slow
@pytest.mark.xfail(
    strict=True,
    reason="clip AUC 0.83: the erratic cue alone reaches 0.84, impacts seen behind passing cars "
    "take it back",
)
def test_the_curve_tells_fights_better_than_frame_differencing() -> None:
    fights: list[float] = []
    others: list[float] = []
    for entry in clips("fight_surv"):
        mean = float(curves(measure_clip(entry))["score"].mean())
        (fights if entry["label"] == "fighting" else others).append(mean)
    assert auc(fights, others) > CLIP_AUC_FLOOR


def test_the_area_under_the_curve_counts_pairs_and_halves_ties() -> None:
    assert auc([3, 4], [1, 2]) == 1
    assert auc([1, 2], [3, 4]) == 0
    assert auc([1, 1], [1, 1]) == 0.5
    assert auc([1, 3], [2]) == 0.5
