from collections import Counter
from collections.abc import Sequence

import pytest
import torch

from vau_agent.errors import SettingsError
from vau_agent.training.clips import Clip
from vau_agent.training.detector.batches import UNDECIDED, Batch, Batches, class_of
from vau_agent.training.detector.config import DetectorConfig


def batch(shares: list[list[float]], labels: list[int]) -> Batch:
    return Batch(
        pictures=torch.zeros(len(labels), len(shares[0]), 32, 32, 3, dtype=torch.uint8),
        marks=torch.zeros(len(labels), len(shares[0]), 4, 4, dtype=torch.uint8),
        shares=torch.tensor(shares, dtype=torch.float32),
        labels=torch.tensor(labels),
        clips=tuple(range(len(labels))),
        done=len(labels),
    )


def test_a_pass_shows_every_clip_once(toy_clips: Sequence[Clip], tiny: DetectorConfig) -> None:
    whole = tiny.model_copy(
        update={"schedule": tiny.schedule.model_copy(update={"short_share": 0.0})}
    )

    shown = Counter(place for one in Batches(toy_clips, whole).after(0) for place in one.clips)

    assert shown == Counter(range(36))


def test_what_comes_depends_on_the_place_alone(
    toy_clips: Sequence[Clip], tiny: DetectorConfig
) -> None:
    whole = list(Batches(toy_clips, tiny).after(0))
    rest = list(Batches(toy_clips, tiny).after(whole[1].done))

    assert [one.clips for one in rest] == [one.clips for one in whole[2:]]
    for one, other in zip(rest, whole[2:], strict=True):
        assert torch.equal(one.pictures, other.pictures)


def test_other_seeds_give_another_order(toy_clips: Sequence[Clip], tiny: DetectorConfig) -> None:
    other = tiny.model_copy(update={"seed": 1})

    first, second = (next(Batches(toy_clips, one).after(0)).clips for one in (tiny, other))

    assert first != second


def test_short_windows_are_shown_with_their_own_truth(
    toy_clips: Sequence[Clip], tiny: DetectorConfig
) -> None:
    batches = list(Batches(toy_clips, tiny).after(0))
    short = [one for one in batches if one.pictures.shape[1] == 4]

    assert short
    for one in short:
        for row, place in enumerate(one.clips):
            clip = toy_clips[place]
            whole = torch.from_numpy(clip.pictures.copy())
            places = [
                next(i for i in range(8) if torch.equal(whole[i], picture))
                for picture in one.pictures[row]
            ]
            expected = clip.record.shares(8)[places]
            assert one.shares[row].tolist() == pytest.approx(expected.tolist())
            assert places == sorted(places)  # time never runs backwards


def test_a_window_without_the_event_is_normal_and_one_with_a_trace_is_undecided() -> None:
    shown = batch([[0, 0, 1], [0, 0, 0], [0, 0, 0.2], [0, 0, 0]], [1, 1, 2, 0])

    assert shown.window_labels.tolist() == [1, 0, UNDECIDED, 0]


def test_a_category_that_the_network_does_not_know_is_named(toy_clips: Sequence[Clip]) -> None:
    with pytest.raises(SettingsError, match=r"'fall', which is none of network\.classes: normal"):
        class_of(toy_clips[1].record, ("normal", "fire"))
