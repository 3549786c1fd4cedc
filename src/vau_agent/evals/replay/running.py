"""A replay from end to end: recordings -> records and tables, kept in a folder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from vau_agent import __version__
from vau_agent.evals.blind.rows import frame_methods
from vau_agent.evals.formats.corevad import ENTRY_FRAMES, AnsweredVideo, series
from vau_agent.evals.metrics.frames import ScoredVideo
from vau_agent.evals.records import CurveSample, Opinion, Record, RunHeader
from vau_agent.evals.replay.ablation import (
    GENERAL_HAZARDS,
    GENERAL_ORDINARY,
    REFLECTION,
    SHUFFLED,
    SHUFFLES,
    WITHOUT,
    control,
)
from vau_agent.evals.replay.kept import POLICY, keep
from vau_agent.evals.replay.localising import Replayer, to_scored
from vau_agent.evals.replay.recording import Recording, read_recordings
from vau_agent.evals.replay.tables import (
    AGENT,
    PUBLISHED,
    calls_table,
    frames_table,
    steps_table,
    windows_table,
)
from vau_agent.evals.report.plots import Curve
from vau_agent.evals.report.plotting import ScoredMethod, precision_recall_plot, roc_plot
from vau_agent.evals.runner import digest_of
from vau_agent.evals.samples import Dataset
from vau_agent.evals.scoring.answers import align
from vau_agent.evals.scoring.tables import score_records
from vau_agent.evals.store import open_store
from vau_agent.evals.tables import Table
from vau_agent.graphs.localisation import Localisation, Steps
from vau_agent.results import UsageTotals
from vau_agent.tools.localisation import curve
from vau_agent.tools.localisation.base import Series
from vau_agent.tools.localisation.grading import Grader

CALLS_PER_HOUR: Final = (1800.0, 900.0, 450.0, 225.0, 120.0, 40.0)
"""Budgets of the curve of accuracy against calls; all moments come first."""
STEP_DRAWS: Final = 300
"""Most draws for steps and budgets: there are many of them."""

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a replay came to."""

    header: RunHeader
    dataset: Dataset
    records: tuple[Record, ...]
    tables: tuple[Table, ...]


def replay_benchmark(
    dataset: Dataset,
    *,
    annotation: Path,
    recording: Path,
    replayer: Replayer,
    out: Path,
    draws: int = 1000,
    seed: int = 0,
    fresh: bool = False,
    say: Say = lambda text: None,
) -> Replay:
    """Localise in every recorded video of a benchmark, take the steps apart, and score it all.

    Args:
        dataset: What the annotation holds.
        annotation: The file it was read from.
        recording: Recorded answers, as the format `corevad` reads them.
        replayer: What localises.
        out: Folder of the records and tables.
        draws: Of every bootstrap.
        seed: Of every bootstrap and shuffle.
        fresh: Drop the records that are there.
        say: Told what is being done.

    Raises:
        PredictionError: The recording cannot be read, or is of other videos.
        SettingsError: The records in `out` were made from something else.
    """
    videos, gaps = read_recordings(recording, dataset)
    recordings = [Recording.of(video.answers) for video in videos]
    header = _header(dataset, annotation, recording, replayer, len(videos))
    answered = {video.id for video in videos}
    taken = dataset.model_copy(
        update={
            "samples": tuple(one for one in dataset.samples if one.id in answered),
            "gaps": (*dataset.gaps, *gaps),
        }
    )
    with open_store(out, header, taken, fresh=fresh) as store:
        found = replayer.run(recordings)
        first = replayer.run(recordings, steps=[WITHOUT[REFLECTION]] * len(videos))
        records = tuple(
            _record(video, one, before, recorded.moment_s)
            for video, recorded, one, before in zip(videos, recordings, found, first, strict=True)
        )
        for record in records:
            if store.records.get(record.sample_id) != record:
                store.append(record)
    say(f"{len(videos)} videos localised; now each step is taken out, and each budget tried")
    own = _Tables(videos=videos, recordings=recordings, replayer=replayer, draws=draws, seed=seed)
    conventions = {"benchmark": dataset.benchmark, "annotation": dataset.annotation}
    tables = (
        *own.make(found, first, conventions, header.settings),
        *own.windows(taken, records, conventions),
        *score_records(taken, records, draws=draws, seed=seed, leave_out=("frames", "categories")),
    )
    keep(out, tables, own.curves(found))
    return Replay(header=header, dataset=taken, records=records, tables=tables)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tables:
    """Makes the tables that only a replay has."""

    videos: Sequence[AnsweredVideo]
    recordings: Sequence[Recording]
    replayer: Replayer
    draws: int
    seed: int

    def make(
        self,
        found: Sequence[Localisation],
        unreflected: Sequence[Localisation],
        conventions: Mapping[str, str],
        settings: Mapping[str, str],
    ) -> tuple[Table, ...]:
        agent = to_scored(self.videos, found)
        published = series(self.videos)
        general = Grader.open(
            self.replayer.space,
            similar=self.replayer.settings.similar,
            hazards=GENERAL_HAZARDS,
            ordinary=GENERAL_ORDINARY,
        )
        others = {
            "CoReVAD, raw": published["raw"],
            "CoReVAD, smoothed": published["smoothed"],
            PUBLISHED: published["smoothed_and_position_weighted"],
            "agent, grades by general words only": to_scored(
                self.videos, self.replayer.run(self.recordings, grader=general)
            ),
        }
        peaks = self._peaks()
        without = {
            step: to_scored(self.videos, unreflected)
            if step == REFLECTION
            else self._run([steps] * len(self.videos))
            for step, steps in WITHOUT.items()
        }
        shuffled = {
            step: [
                self._run(control(step, peaks, seed=self.seed + number))
                for number in range(SHUFFLES)
            ]
            for step in SHUFFLED
        }
        few = min(self.draws, STEP_DRAWS)
        every = 3600 / self.recordings[0].moment_s
        by_calls = {every: (agent, sum(len(one.looked) for one in found))}
        for per_hour in CALLS_PER_HOUR:
            fewer = self.replayer.run(self.recordings, calls_per_hour=per_hour)
            looks = sum(len(one.looked) for one in fewer)
            by_calls[per_hour] = (to_scored(self.videos, fewer), looks)
        frames = frames_table(
            agent, others, {**conventions, **settings}, draws=self.draws, seed=self.seed
        )
        blind = [row for row in frames.rows if row.kind == "blind"]
        return (
            frames,
            steps_table(agent, without, shuffled, conventions, draws=few, seed=self.seed),
            calls_table(by_calls, blind, conventions, draws=few, seed=self.seed),
        )

    def curves(self, found: Sequence[Localisation]) -> tuple[Curve, ...]:
        """Draw the agent, the published scores and blind ones; nothing where all frames agree."""
        agent = to_scored(self.videos, found)
        labels = {bool(label) for video in agent for label in np.unique(video.labels)}
        if len(labels) < 2:
            return ()
        published = series(self.videos)["smoothed_and_position_weighted"]
        methods = (
            ScoredMethod(name=AGENT, videos=agent),
            ScoredMethod(name=PUBLISHED, videos=published),
            *(
                ScoredMethod(name=name, kind=kind, videos=scored)
                for name, kind, scored in frame_methods([(one.id, one.labels) for one in agent])
            ),
        )
        return roc_plot(methods), precision_recall_plot(methods)

    def windows(
        self, dataset: Dataset, records: Sequence[Record], conventions: Mapping[str, str]
    ) -> tuple[Table, ...]:
        answers, _ = align(dataset, records)
        table = windows_table(answers, conventions, draws=self.draws, seed=self.seed)
        return () if table is None else (table,)

    def _run(self, steps: Sequence[Steps]) -> tuple[ScoredVideo, ...]:
        return to_scored(self.videos, self.replayer.run(self.recordings, steps=steps))

    def _peaks(self) -> list[float]:
        """Give the highest evidence of each video."""
        peaks: list[float] = []

        def relative(evidence: Series, least_peak: float) -> Series:
            peaks.append(float(evidence.max()))
            return curve.relative(evidence, least_peak)

        self.replayer.run(self.recordings, steps=[Steps(relative=relative)] * len(self.videos))
        return peaks


def _header(
    dataset: Dataset, annotation: Path, recording: Path, replayer: Replayer, samples: int
) -> RunHeader:
    numbers = replayer.settings.model_dump()
    return RunHeader(
        benchmark=dataset.benchmark,
        annotation=dataset.annotation,
        annotation_sha256=digest_of(annotation),
        policy=POLICY,
        settings={
            "recording": digest_of(recording)[:16],
            "texts compared by": replayer.space.name,
            **{name: str(value) for name, value in numbers.items()},
        },
        samples=samples,
        tool=f"vau-agent {__version__}",
    )


def _record(
    video: AnsweredVideo, found: Localisation, before: Localisation, moment_s: float
) -> Record:
    return Record(
        schema="vau.record/1",
        sample_id=video.id,
        initial=_opinion(before, moment_s),
        final=_opinion(found, moment_s),
        curve=tuple(
            CurveSample(t_s=place * moment_s, score=score)
            for place, score in enumerate(found.scores.round(6).tolist())
        ),
        duration_s=len(video.labels) / ENTRY_FRAMES * moment_s,
        usage=UsageTotals(calls=len(found.looked)),
        coverage=len(found.looked) / len(video.answers),
    )


def _opinion(found: Localisation, moment_s: float) -> Opinion:
    peaks = [
        float(found.scores[round(one.start / moment_s) : round(one.end / moment_s)].max())
        for one in found.segments
    ]
    return Opinion(
        label="anomalous" if found.segments else "normal",
        events=found.segments,
        scores=tuple(min(1.0, peak) for peak in peaks),
        confidence=min(1.0, float(found.scores.max())),
    )
