"""A replay from end to end, and that nothing but the answers decides a score."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.evals.replay.made_videos import (
    EVENTS,
    LENGTH,
    NORMALS,
    Answers,
    answers,
    renamed,
    truths,
    write,
)
from vau_agent.errors import SettingsError
from vau_agent.evals.benchmarks.ucf_crime import UCF_CRIME
from vau_agent.evals.records import Opinion, Record
from vau_agent.evals.replay.kept import read_tables
from vau_agent.evals.replay.localising import Replayer
from vau_agent.evals.replay.running import Replay, replay_benchmark
from vau_agent.evals.store import read_records
from vau_agent.evals.tables import Row
from vau_agent.tools.localisation.base import LocalisationSettings

pytestmark = pytest.mark.slow

Replayed = Callable[..., Replay]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory, word_replayer: Replayer) -> Replayed:
    """Replay answers against a truth; the made ones by default."""
    root = tmp_path_factory.mktemp("replayed")

    def run(
        name: str,
        told: object = None,
        truth: object = None,
        *,
        out: Path | None = None,
        replayer: Replayer = word_replayer,
        fresh: bool = False,
    ) -> Replay:
        annotation = write(root / f"{name}-truth.json", truths() if truth is None else truth)
        recording = write(root / f"{name}-answers.json", answers() if told is None else told)
        return replay_benchmark(
            UCF_CRIME.read(annotation),
            annotation=annotation,
            recording=recording,
            replayer=replayer,
            out=out or root / name,
            draws=4,
            fresh=fresh,
        )

    return run


@pytest.fixture(scope="module")
def usual(replayed: Replayed) -> Replay:
    """The made answers against their truth."""
    return replayed("usual")


def curves(records: Sequence[Record]) -> NDArray[np.float64]:
    return np.array([[moment.score for moment in record.curve] for record in records])


def few(videos: int) -> Answers:
    """Give the answers about so many videos, the last of them normal."""
    told = answers()
    return {name: told[name] for name in (*list(EVENTS)[1 - videos :], NORMALS[0])}


def final(record: Record) -> Opinion:
    assert record.final is not None
    return record.final


def row(done: Replay, name: str) -> Row:
    return next(row for table in done.tables for row in table.rows if row.name == name)


def test_events_are_found_and_told_from_false_alarms(usual: Replay) -> None:
    by_name = {record.sample_id: record for record in usual.records}

    assert {*by_name} == {*EVENTS, *NORMALS}
    hit = 0
    for name, (start, end) in EVENTS.items():
        assert start <= curves([by_name[name]])[0].argmax() < end
        hit += any(one.start < end and one.end > start for one in final(by_name[name]).events)
    assert hit >= 4
    assert {final(by_name[name]).label for name in NORMALS} == {"normal"}
    raw, agent = (row(usual, name).metrics for name in ("CoReVAD, raw", "agent"))
    for metric in ("frame_auc", "frame_ap", "within_auc_pooled", "within_auc_macro"):
        assert (agent[metric].value or 0) > (raw[metric].value or 0) + 0.01


def test_a_record_says_what_was_seen_what_it_cost_and_what_was_held(
    replayed: Replayed, tmp_path: Path
) -> None:
    done = replayed("kept", few(3), out=tmp_path)
    header, records = read_records(tmp_path)

    assert records == done.records
    assert header == done.header
    assert header.policy == "replay"
    assert header.settings["texts compared by"] == "words"
    for record in records:
        assert record.usage.calls == len(record.curve) == LENGTH
        assert record.coverage == 1
        assert record.initial is not None
        assert len(final(record).scores) == len(final(record).events)
        assert final(record).confidence == pytest.approx(curves([record]).max(), abs=1e-6)
    assert read_tables(tmp_path) == done.tables


def test_before_reflection_verdicts_that_stand_alone_count_in_full(usual: Replay) -> None:
    sure = [(one.initial.confidence, final(one).confidence) for one in usual.records if one.initial]

    assert len(sure) == len(usual.records)
    assert all((before or 0) >= (after or 0) for before, after in sure)
    assert sum((before or 0) > (after or 0) + 0.1 for before, after in sure) >= 3


def test_a_folder_of_another_run_has_no_tables_of_a_replay(tmp_path: Path) -> None:
    assert read_tables(tmp_path) is None


def test_names_and_classes_change_no_score(replayed: Replayed, usual: Replay) -> None:
    other = replayed("renamed", *renamed(answers(), truths()))

    assert [record.sample_id for record in other.records] == [f"clip{10 - n}" for n in range(10)]
    np.testing.assert_array_equal(curves(other.records), curves(usual.records))
    for one, same in zip(other.records, usual.records, strict=True):
        assert (one.initial, one.final) == (same.initial, same.final)
    for name in ("agent", "gain over shuffled: self-reflection", "40 calls an hour"):
        assert row(other, name).metrics == row(usual, name).metrics


def test_the_truth_changes_no_score(replayed: Replayed, usual: Replay) -> None:
    entries = truths()
    shuffled = [
        {**label, "video": f"{Path(str(label['video'])).parent}/{Path(str(entry['video'])).name}"}
        for entry, label in zip(entries, entries[3:] + entries[:3], strict=True)
    ]
    other = replayed("shuffled", truth=shuffled)

    np.testing.assert_array_equal(curves(other.records), curves(usual.records))
    assert [record.final for record in other.records] == [record.final for record in usual.records]
    right, wrong = (row(one, "agent").metrics["frame_auc"].value for one in (usual, other))
    assert (right or 0) > (wrong or 0) + 0.1


def test_what_is_said_of_a_video_does_not_depend_on_the_others(
    replayed: Replayed, usual: Replay
) -> None:
    whole = {record.sample_id: record for record in usual.records}
    some = replayed("few", few(3)).records

    assert {record.sample_id for record in some} == {*few(3)}
    assert all(record == whole[record.sample_id] for record in some)


def test_again_gives_the_same_and_adds_nothing(replayed: Replayed, tmp_path: Path) -> None:
    first = replayed("again", few(2), out=tmp_path)
    before = (tmp_path / "records.jsonl").read_bytes()
    second = replayed("again", few(2), out=tmp_path)

    assert second.tables == first.tables
    assert (tmp_path / "records.jsonl").read_bytes() == before


def test_records_of_other_settings_answers_or_truth_are_refused(
    replayed: Replayed, word_replayer: Replayer
) -> None:
    told = few(2)
    first = next(iter(told))
    changed = Replayer(
        space=word_replayer.space,
        grader=word_replayer.grader,
        settings=LocalisationSettings(neighbours=3),
    )
    replayed("refused", told)

    with pytest.raises(SettingsError, match="neighbours was '2', is '3'"):
        replayed("refused", told, replayer=changed)
    with pytest.raises(SettingsError, match="recording was"):
        replayed("refused", {**told, first: told[first][::-1]})
    entries = truths()
    entries[0] = {**entries[0], "temporal_label": [0, 90, -1, -1]}
    with pytest.raises(SettingsError, match="annotation_sha256 was"):
        replayed("refused", told, entries)
    done = replayed("refused", told, replayer=changed, fresh=True)
    assert done.header.settings["neighbours"] == "3"


def test_one_video_of_one_answer_is_replayed(replayed: Replayed) -> None:
    truth = [{"video": "Normal/a.mp4", "temporal_label": [-1, -1, -1, -1], "length": 20}]
    done = replayed("one", {"a": ["Normal scenes. A street."]}, truth)

    assert curves(done.records).tolist() == [[0]]
    assert row(done, "agent").metrics["frame_auc"].value is None
