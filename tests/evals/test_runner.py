import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.evals.made import archive, write_manifest
from vau_agent.agent.parsing import (
    render_answer,
    render_reasoning,
    render_reflection,
    render_verification,
)
from vau_agent.errors import BenchmarkError, SettingsError
from vau_agent.evals.benchmarks.manifest import read
from vau_agent.evals.metrics.options import permuted_options
from vau_agent.evals.records import Record
from vau_agent.evals.runner import Finished, Plan, Subject, plan_run, run_benchmark
from vau_agent.evals.samples import Question
from vau_agent.evals.store import read_records, read_samples
from vau_agent.schemas import Claim
from vau_agent.settings import Settings
from vau_agent.testing import accept, normal, second_opinion

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of a fight, two quiet clips, a copy, a broken file and one that is absent."""
    folder = tmp_path_factory.mktemp("clips")
    manifest = archive(
        folder,
        {
            "fight-yard.mp4": "fighting",
            "quiet-hall.mp4": "walking",
            "broken.mp4": "broken",
            "absent.mp4": "absent",
        },
    )
    shutil.copy(folder / "quiet-hall.mp4", folder / "quiet-copy.mp4")
    entries = json.loads(manifest.read_text())
    entries.append({"file": "quiet-copy.mp4", "label": "normal", "duration_s": 3.0})
    return write_manifest(folder, entries)


def settings_in(folder: Path, **changed: object) -> Settings:
    return Settings.model_validate({"home": folder / "home", "policy": "rules", **changed})


def plan(
    clips: Path,
    folder: Path,
    *,
    limit: int | None = None,
    seed: int = 0,
    tasks: Sequence[Subject] = ("verdict",),
    **changed: object,
) -> Plan:
    return plan_run(
        read(clips),
        annotation=clips,
        videos=clips.parent,
        settings=settings_in(folder, **changed),
        limit=limit,
        seed=seed,
        tasks=tasks,
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("done")


@pytest.fixture(scope="module")
def done(clips: Path, root: Path) -> Finished:
    """The archive, run once by two workers; not to be changed."""
    return run_benchmark(plan(clips, root), out=root / "out", jobs=2)


def test_a_bad_video_fails_alone_and_a_missing_one_is_a_gap(done: Finished) -> None:
    (failed,) = done.failed
    assert failed.sample_id == "broken.mp4"
    assert failed.error is not None and "/broken.mp4" in failed.error
    assert [one.sample_id for one in done.records if one.final is not None] == [
        "fight-yard.mp4",
        "quiet-hall.mp4",
        "quiet-copy.mp4",
    ]
    missing = [gap for gap in done.dataset.gaps if gap.kind == "missing-video"]
    assert [gap.id for gap in missing] == ["absent.mp4"]


def test_a_record_holds_what_is_scored(done: Finished) -> None:
    record = done.records[0]

    assert record.initial is not None
    assert record.duration_s == pytest.approx(3.0)
    assert record.curve
    assert record.usage.calls >= 1
    assert record.reasoning


def test_no_name_reaches_a_run(done: Finished, root: Path) -> None:
    results = sorted((root / "out" / "runs").glob("*/result.json"))

    assert len(results) == 2  # the copy is the same video
    for path in results:
        text = path.read_text()
        assert json.loads(text)["video"]["name"] in {f"{number:05d}.mp4" for number in range(1, 5)}
        assert not any(word in text for word in ("fight-yard", "quiet-hall", "quiet-copy"))


def test_a_video_of_two_samples_is_analysed_once(done: Finished) -> None:
    runs = {one.sample_id: one.run_id for one in done.records}

    assert runs["quiet-hall.mp4"] == runs["quiet-copy.mp4"] != runs["fight-yard.mp4"]


def test_the_folder_can_be_scored_by_itself(done: Finished, root: Path) -> None:
    header, records = read_records(root / "out")

    assert header == done.header
    assert set(records) == set(done.records)
    assert read_samples(root / "out") == done.dataset


def test_the_same_call_again_runs_only_what_failed(
    done: Finished, clips: Path, root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(root / "out", out)
    told: list[Record] = []

    again = run_benchmark(
        plan(clips, root), out=out, on_record=lambda record, *_: told.append(record)
    )

    assert again.records == done.records
    assert again.known == 3
    assert [one.sample_id for one in told] == ["broken.mp4"]


def test_a_lost_record_is_made_again_without_another_run(
    done: Finished, clips: Path, root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(root / "out", out)
    lines = (out / "records.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in lines if "fight-yard.mp4" not in line]
    (out / "records.jsonl").write_text("".join(kept))

    again = run_benchmark(plan(clips, root), out=out)

    assert again.records == done.records  # the run id and the seconds it took are the same


def test_other_settings_need_another_folder(done: Finished, clips: Path, root: Path) -> None:
    other = plan(clips, root, analysis={"max_rounds": 0})

    with pytest.raises(SettingsError, match=r"analysis\.max_rounds was '2', is '0'"):
        run_benchmark(other, out=root / "out")


def test_a_limit_draws_at_random_and_states_its_seed(clips: Path, tmp_path: Path) -> None:
    drawn = {seed: tuple(plan(clips, tmp_path, limit=2, seed=seed).videos) for seed in range(8)}

    assert all(len(names) == 2 for names in drawn.values())
    assert len(set(drawn.values())) > 1
    assert plan(clips, tmp_path, limit=2, seed=3).header.settings["seed"] == "3"
    assert tuple(plan(clips, tmp_path, limit=2, seed=3).videos) == drawn[3]


def test_a_smaller_limit_draws_from_the_same_order(clips: Path, tmp_path: Path) -> None:
    two, three = (tuple(plan(clips, tmp_path, limit=n).videos) for n in (2, 3))

    assert three[:2] == two


def test_without_any_video_the_folder_is_named(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="none of the 5 videos of manifest"):
        plan_run(read(clips), annotation=clips, videos=tmp_path, settings=settings_in(tmp_path))


@pytest.mark.parametrize(
    ("frames", "final"), [(("f1",), 0), ((), None)], ids=["cited", "cites nothing"]
)
def test_a_letter_is_read_and_what_cites_nothing_is_struck(
    clips: Path, tmp_path: Path, frames: tuple[str, ...], final: int | None
) -> None:
    question = Question(text="What is seen?", options=("a walk", "a fire", "rain"), answer=0)
    letter = "ABC"[permuted_options(question, 0, "one").index(0)]
    script = {
        "initial_reason": [render_reasoning(normal("Someone walks by.", "f1"))],
        "self_reflect": [render_reflection(accept())],
        "verify": [render_verification(second_opinion(normal()))],
        "answer": [render_answer([Claim(text=f"{letter}).", frames=frames)])],
    }
    (tmp_path / "script.json").write_text(json.dumps(script))
    entry = {"id": "one", "file": "quiet-hall.mp4", "label": "normal"}
    asked = {**entry, "question": question.model_dump(mode="json")}
    manifest = write_manifest(tmp_path, [asked])

    chosen = plan_run(
        read(manifest),
        annotation=manifest,
        videos=clips.parent,
        settings=settings_in(tmp_path, policy=f"scripted:{tmp_path / 'script.json'}"),
        tasks=("verdict", "qa"),
    )
    (record,) = run_benchmark(chosen, out=tmp_path / "out").records

    assert record.choice is not None
    assert (record.choice.initial, record.choice.final) == (0, final)


def test_questions_are_asked_once_each_in_a_drawn_order(clips: Path, tmp_path: Path) -> None:
    question = {"text": "What is seen?", "options": ["a fight", "a fire", "rain"], "answer": 0}
    manifest = tmp_path / "asked.json"
    manifest.write_text(
        json.dumps(
            [
                {"id": name, "file": "fight-yard.mp4", "label": "fighting", "question": question}
                for name in ("one", "two")
            ]
        )
    )

    def asked() -> Finished:
        chosen = plan_run(
            read(manifest),
            annotation=manifest,
            videos=clips.parent,
            settings=settings_in(tmp_path),
            tasks=("verdict", "qa"),
        )
        return run_benchmark(chosen, out=tmp_path / "out")

    first, second = asked().records

    assert first.choice is not None and second.choice is not None
    assert sorted(first.choice.order) == [0, 1, 2]
    assert first.choice.order != second.choice.order
    assert first.choice.text and not first.choice.text.startswith("not answered")
    (tmp_path / "out" / "records.jsonl").unlink()
    assert asked().records == (first, second)
    (answered,) = (tmp_path / "out" / "runs").glob("*/result.json")
    result = json.loads(answered.read_text())
    assert len(result["answers"]) == 2  # the second start asked nothing again
