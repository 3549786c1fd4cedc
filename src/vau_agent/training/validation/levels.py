"""The samples of a level, and every row's records of them."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from vau_agent import __version__
from vau_agent.evals.benchmarks.manifest import read as read_manifest
from vau_agent.evals.benchmarks.videos import find_videos
from vau_agent.evals.records import Opinion, Record, RunHeader
from vau_agent.evals.samples import Dataset
from vau_agent.evals.store import Store, open_store
from vau_agent.results import UsageTotals
from vau_agent.settings import Settings
from vau_agent.tools.detection import Detection, Rule, category_of, find_candidates
from vau_agent.tools.video.factory import open_video
from vau_agent.training.rendering import scene_seeds
from vau_agent.training.scenes.splits import Split
from vau_agent.training.validation.answering import answer, keep_words, mend_words
from vau_agent.training.validation.asking import Remembering, Writer
from vau_agent.training.validation.dialogue import Looks
from vau_agent.training.validation.looking import looks_at
from vau_agent.training.validation.rows import HEAD, VARIANTS, Variant
from vau_agent.training.validation.scene_lists import LIST_NAME, SceneList
from vau_agent.training.validation.shown import (
    Shown,
    blanked,
    show_video,
    without_motion,
)

REAL: Final = "real"
"""Name of the level that holds real videos."""

Detect = Callable[[Shown], Detection]
OnAnswers = Callable[[str, int, int], None]
"""Told the level, how many answers there are, and how many there will be."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """Samples that are scored together."""

    name: str
    dataset: Dataset
    kinds: Mapping[str, str]
    """What is shown, by sample: the story of a scene, the source of a video."""
    show: Callable[[str], Shown]
    """Gives a sample's pictures."""


@dataclass(frozen=True, kw_only=True)
class Examinee:
    """What is examined."""

    writer: Writer
    detect: Detect | None
    """`None` where there is no detector."""
    rule: Rule
    digests: Mapping[str, str]
    """What an outcome depends on, by name."""


def scene_level(split: Split, folder: Path, *, seeds: Sequence[int], count: int) -> Level:
    """Draw the scenes of a level, `count` of each seed; their truth is kept in `folder`."""
    scenes = SceneList(split, folder / LIST_NAME)
    listed = [
        one
        for seed in seeds
        for one in scenes.take(scene_seeds(seed, count), source=f"seed {seed}")
    ]
    numbers = {one.sample.id: one.seed for one in listed}
    told = f"{split}, {count} scenes of each of {len(seeds)} seeds"
    samples = tuple(one.sample for one in listed)
    return Level(
        name=split,
        dataset=Dataset(benchmark=f"rendered {split}", annotation=told, samples=samples),
        kinds={one.sample.id: one.kind for one in listed},
        show=lambda name: scenes.show(numbers[name]),
    )


def video_level(manifest: Path, videos: Path, settings: Settings) -> Level:
    """Read a manifest of real videos; those that are not there are left out.

    Raises:
        BenchmarkError: The manifest cannot be read, or the folder is absent.
    """
    dataset = read_manifest(manifest)
    found, gaps = find_videos(dataset, videos)
    kept = tuple(one for one in dataset.samples if one.id in found)
    dataset = dataset.model_copy(update={"samples": kept, "gaps": (*dataset.gaps, *gaps)})

    def show(name: str) -> Shown:
        with open_video(found[name], reader=settings.reader, limits=settings.video) as reader:
            return show_video(name, reader)

    return Level(name=REAL, dataset=dataset, kinds={one.id: one.source for one in kept}, show=show)


def answer_level(
    level: Level,
    rows: Sequence[str],
    examinee: Examinee,
    folder: Path,
    *,
    at_once: int,
    fresh: bool = False,
    on_answers: OnAnswers | None = None,
) -> None:
    """Ask for every answer of a level that is not there yet.

    Args:
        level: The samples.
        rows: What is asked, by name; see `rows.py`. `head` needs a detector.
        examinee: Who is asked.
        folder: Each row has its own folder in it.
        at_once: Videos that are shown at once.
        fresh: Drop what is there.
        on_answers: Told after every few videos.

    Raises:
        SettingsError: The records that are there were made from something else.
    """
    names = [one.id for one in level.dataset.samples]
    writer = Remembering(examinee.writer)
    asked = replace(examinee, writer=writer)
    with ExitStack() as stack:
        stores = {
            row: stack.enter_context(_open(level, row, examinee, folder / row, fresh=fresh))
            for row in rows
        }
        for store in stores.values():
            mend_words(store.folder)
        done = sum(name in store.records for store in stores.values() for name in names)
        for first in range(0, len(names), at_once):
            batch = _Batch(level=level, names=names[first : first + at_once])
            for row, store in stores.items():
                todo = [name for name in batch.names if name not in store.records]
                if todo:
                    _answer_row(row, batch.of(todo), asked, store)
                    done += len(todo)
            writer.forget()
            if on_answers is not None and batch.shown:
                on_answers(level.name, done, len(names) * len(stores))


class _Batch:
    """Videos that are shown at once: drawn when the first row needs them."""

    def __init__(self, *, level: Level, names: Sequence[str]) -> None:
        self._level = level
        self.names = names
        self.shown: dict[str, Shown] = {}

    def of(self, names: Sequence[str]) -> list[Shown]:
        for name in names:
            if name not in self.shown:
                self.shown[name] = self._level.show(name)
        return [self.shown[name] for name in names]


def _answer_row(row: str, shown: Sequence[Shown], examinee: Examinee, store: Store) -> None:
    began = time.perf_counter()
    if row == HEAD:
        records = [_said_by_head(one, examinee) for one in shown]
    else:
        variant = VARIANTS[row]
        seen = [_as_seen(one, variant) for one in shown]
        subjects = [(one, _looks(one, variant, examinee)) for one in seen]
        records = []
        answers = answer(subjects, examinee.writer, reflects=variant.reflects)
        for one, answered in zip(shown, answers, strict=True):
            keep_words(store.folder, answered.words.model_copy(update={"sample_id": one.id}))
            records.append(answered.record.model_copy(update={"sample_id": one.id}))
    seconds = (time.perf_counter() - began) / len(shown)
    for record in records:
        usage = record.usage.model_copy(update={"seconds": round(seconds, 4)})
        store.append(record.model_copy(update={"usage": usage}))


def _looks(shown: Shown, variant: Variant, examinee: Examinee) -> Looks:
    """Give the looks at a video that a variant allows."""
    detect = examinee.detect if variant.detects else None
    return looks_at(
        shown,
        profile=examinee.writer.profile,
        detection=None if detect is None else detect(shown),
        rule=examinee.rule,
        detects_first=variant.detects_first,
    )


def _as_seen(shown: Shown, variant: Variant) -> Shown:
    if not variant.sees:
        return blanked(shown)
    return shown if variant.moves else without_motion(shown)


def _said_by_head(shown: Shown, examinee: Examinee) -> Record:
    """Let the detector say what it finds strongest; nothing is normal."""
    assert examinee.detect is not None  # the row is refused without
    detection = examinee.detect(shown)
    found = find_candidates(detection, examinee.rule)
    sure = round(float(detection.anomalous.max()), 4)
    opinion = Opinion(label="normal", confidence=sure)
    if found:
        opinion = Opinion(
            label="anomalous",
            category=category_of(found[0]),
            events=(found[0].segment,),
            scores=(found[0].score,),
            confidence=sure,
        )
    return Record(
        schema="vau.record/1",
        sample_id=shown.id,
        initial=opinion,
        final=opinion,
        duration_s=shown.clip.record.duration_s,
        usage=UsageTotals(),
    )


def _open(
    level: Level, row: str, examinee: Examinee, folder: Path, *, fresh: bool
) -> AbstractContextManager[Store]:
    text = level.dataset.model_dump_json()
    header = RunHeader(
        benchmark=level.dataset.benchmark,
        annotation=level.dataset.annotation,
        annotation_sha256=hashlib.sha256(text.encode()).hexdigest(),
        policy=row,
        settings=dict(examinee.digests),
        samples=len(level.dataset.samples),
        tool=f"vau-agent {__version__}",
    )
    return open_store(folder, header, level.dataset, fresh=fresh)
