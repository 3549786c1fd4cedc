"""What scores without looking at a video: rows that stand beside every measured one.

A row is `blind` where it knows nothing of the set it is scored on, or something was fitted on
other data, which its name tells; `oracle` where it was told part of the truth or was fitted on the
very set it is scored on: an upper bound, and no method. Figures carry the names of measured rows.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from string import ascii_uppercase
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from vau_agent.errors import BenchmarkError
from vau_agent.evals.blind.windows import fit_constant, fit_proportional
from vau_agent.evals.formats.frame_truth import frame_labels, frame_spans
from vau_agent.evals.metrics.curves import position_weights
from vau_agent.evals.metrics.frames import ScoredVideo, score_frames
from vau_agent.evals.metrics.intervals import best_iou, score_ious, to_seconds
from vau_agent.evals.metrics.labels import binary_scores, choice_accuracy, class_accuracy, macro_f1
from vau_agent.evals.metrics.options import permuted_options
from vau_agent.evals.samples import Dataset, Gap, Question, Sample
from vau_agent.evals.scoring.categories import plain_category
from vau_agent.evals.significance import bootstrap
from vau_agent.evals.tables import Estimate, Row, RowKind, Table
from vau_agent.schemas import Segment

MANY: Final = 200
"""Most draws of what is slow to draw: a million frames, the F1 of every class."""


Name = TypeVar("Name", str, int)


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """Other data that a row may learn from."""

    name: str
    """Of the annotation; empty where it is the one that is scored, and other sources of it."""
    samples: tuple[Sample, ...]

    def told(self, used: Sequence[Sample]) -> str:
        """Name the sources of the samples that were used, for the name of a row."""
        sources = " and ".join(sorted({sample.source for sample in used}))
        return f"{sources} of {self.name}" if self.name else sources


def blind_tables(
    dataset: Dataset, *, fitting: Dataset | None, draws: int, seed: int
) -> tuple[Table, ...]:
    """Score a benchmark without its videos.

    Where it joins several sources, questions and times are scored by source, and what is fitted
    for one is fitted on the others, unless `fitting` is given.

    Args:
        dataset: What is scored.
        fitting: Other data to fit on; none of its videos may be scored.
        draws: Of every bootstrap; frames and categories take at most `MANY`.
        seed: Of every bootstrap, and of the drawn order of options.

    Raises:
        BenchmarkError: `fitting` holds a video that is scored.
    """
    if fitting is not None:
        _refuse_shared(dataset, fitting)
    conventions = {"benchmark": dataset.benchmark, "annotation": dataset.annotation}
    other = None if fitting is None else _named(fitting)
    parts = tuple(_by_source(dataset, other))
    tables = (
        _table(
            "Detection without looking",
            detection_rows(dataset.samples, draws=draws, seed=seed),
            conventions,
        ),
        _table(
            "Category without looking",
            _each(
                parts,
                lambda part, fit: category_rows(
                    part, fitting=fit, draws=min(draws, MANY), seed=seed
                ),
            ),
            conventions,
        ),
        _table(
            "Questions without looking",
            _each(parts, lambda part, fit: question_rows(part, fitting=fit, seed=seed)),
            conventions | {"longest option": "by characters; of equals the first"},
        ),
        _table(
            "Times without looking",
            _each(
                parts,
                lambda part, fit: localisation_rows(part, fitting=fit, draws=draws, seed=seed),
            ),
            conventions
            | {
                "miou, r_at": "one window against the annotated event it fits best",
                "normals": "skipped (miou), or counted, 1 for a normal answer "
                "(miou_normals_counted)",
            },
            gaps=tuple(
                Gap(id=one.id, kind="no-times", detail="anomalous, and no times are annotated")
                for one in dataset.samples
                if _events(one) is None
            ),
        ),
        _table(
            "Frames without looking",
            frame_rows(dataset.samples, draws=min(draws, MANY), seed=seed),
            conventions
            | {
                "position prior": "Gaussian; centre and sigma are half of the frames (VERA)",
                "within_auc": "frames of anomalous videos only",
            },
            gaps=_frame_gaps(dataset.samples),
        ),
    )
    return tuple(table for table in tables if table.rows)


def detection_rows(samples: Sequence[Sample], *, draws: int, seed: int) -> tuple[Row, ...]:
    """Call every video the same; or call short ones anomalous, where lengths are known."""
    truth = [sample.truth.anomalous for sample in samples]
    rows = []
    for name, said in (("always anomalous", True), ("always normal", False)):
        figures = binary_scores(truth, [said] * len(truth), draws=draws, seed=seed)
        rows.append(Row(name=name, kind="blind", metrics=figures))
    lengths = [sample.duration_s or sample.frames for sample in samples]
    if all(lengths) and len(set(truth)) == 2:
        figures = {"video_auc": _video_auc(truth, lengths, draws, seed)}
        rows.append(Row(name="shorter video is anomalous", kind="blind", metrics=figures))
    return tuple(rows)


def category_rows(
    samples: Sequence[Sample], *, fitting: Fitting | None = None, draws: int, seed: int
) -> tuple[Row, ...]:
    """Name the most frequent category every time."""
    truth = _categories(samples)
    if not truth:
        return ()
    used = [one for one in fitting.samples if one.truth.category] if fitting else []
    source = fitting.told(used) if fitting and used else "these samples: upper bound"
    most = _most_frequent(_categories(used) or truth)
    said = [most] * len(truth)
    figures = {
        "category_accuracy": class_accuracy(truth, said),
        "category_macro_f1": macro_f1(truth, said, draws=draws, seed=seed),
        "classes": Estimate(value=len(set(truth)), n=len(truth)),
    }
    kind: RowKind = "blind" if used else "oracle"
    return (Row(name=f"always {most}, most frequent in {source}", kind=kind, metrics=figures),)


def question_rows(
    samples: Sequence[Sample], *, fitting: Fitting | None = None, seed: int
) -> tuple[Row, ...]:
    """Choose by letter or by length; options stand as annotated, or in a drawn order."""
    asked = [(sample.id, sample.question) for sample in samples if sample.question is not None]
    if not asked:
        return ()
    questions = [question for _, question in asked]
    most = min(len(question.options) for question in questions)
    picks = {
        f"always {ascii_uppercase[place]}": [place] * len(asked) for place in range(min(most, 26))
    }
    picks["longest option"] = [longest_option(question) for question in questions]
    picks["always A, options in a drawn order"] = [
        permuted_options(question, seed, id_)[0] for id_, question in asked
    ]
    used = [one for one in fitting.samples if one.question] if fitting else []
    if fitting and used:
        keys = [one.question.answer for one in used if one.question]
        key = min(_most_frequent(keys), most - 1)
        name = f"always {ascii_uppercase[key]}, most frequent in {fitting.told(used)}"
        picks[name] = [key] * len(asked)
    return tuple(
        Row(
            name=name,
            kind="blind",
            metrics={"choice_accuracy": choice_accuracy(questions, chosen)},
        )
        for name, chosen in picks.items()
    )


def longest_option(question: Question) -> int:
    """Return the place of the option with most characters, the first of equals."""
    return max(range(len(question.options)), key=lambda place: len(question.options[place]))


def localisation_rows(
    samples: Sequence[Sample], *, fitting: Fitting | None = None, draws: int, seed: int
) -> tuple[Row, ...]:
    """Claim the same window in every video, in seconds or in shares of its length."""
    timed = [(one, events) for one in samples if (events := _events(one)) is not None]
    anomalous = [(one, events) for one, events in timed if events]
    if not anomalous:
        return ()
    truths = [events for _, events in timed]
    anomalous_truths = [events for _, events in anomalous]

    def row(name: str, kind: RowKind, claimed: Sequence[Segment]) -> Row:
        return Row(
            name=name, kind=kind, metrics=_window_figures(claimed, truths, draws=draws, seed=seed)
        )

    rows = []
    used = [one for one in fitting.samples if _events(one)] if fitting else []
    if fitting and used:
        window = fit_constant([_events(one) or () for one in used])
        name = f"constant {_shown(window)} s, fitted on {fitting.told(used)}"
        rows.append(row(name, "blind", [window] * len(timed)))
    window = fit_constant(anomalous_truths)
    name = f"constant {_shown(window)} s, fitted here (upper bound)"
    rows.append(row(name, "oracle", [window] * len(timed)))
    lengths = [one.duration_s for one, _ in timed]
    if all(lengths):
        known = [float(length or 0) for length in lengths]
        whole = [Segment(start=0, end=length) for length in known]
        rows.append(row("whole video", "blind", whole))
        of_anomalous = [float(one.duration_s or 0) for one, _ in anomalous]
        share = fit_proportional(anomalous_truths, of_anomalous)
        name = f"share {_shown(share)} of each video, fitted here (upper bound)"
        rows.append(row(name, "oracle", [to_seconds(share, length) for length in known]))
    return tuple(rows)


def frame_rows(samples: Sequence[Sample], *, draws: int, seed: int) -> tuple[Row, ...]:
    """Score frames by their place, or by the length or the true label of their video."""
    known = [
        (one, frame_labels(spans, one.frames))
        for one in samples
        if one.frames and (spans := frame_spans(one)) is not None
    ]
    if not any(labels.any() for _, labels in known):
        return ()
    videos = frame_methods([(one.id, labels) for one, labels in known])
    return tuple(
        Row(name=name, kind=kind, metrics=score_frames(scored, draws=draws, seed=seed))
        for name, kind, scored in videos
    )


def frame_methods(
    known: Sequence[tuple[str, NDArray[np.bool_]]],
) -> tuple[tuple[str, RowKind, list[ScoredVideo]], ...]:
    """Score frames by their place, or by the length or the true label of their video.

    Args:
        known: Id and labels, shape (frames,), of each video.
    """

    def by(score: Callable[[NDArray[np.bool_]], NDArray[np.float64]]) -> list[ScoredVideo]:
        return [ScoredVideo(id=id_, labels=labels, scores=score(labels)) for id_, labels in known]

    return (
        ("position prior", "blind", by(lambda labels: position_weights(len(labels)))),
        (
            "shorter video is anomalous",
            "blind",
            by(lambda labels: np.full(len(labels), -float(len(labels)))),
        ),
        (
            "perfect video label",
            "oracle",
            by(lambda labels: np.full(len(labels), float(labels.any()))),
        ),
        (
            "perfect video label x position prior",
            "oracle",
            by(lambda labels: position_weights(len(labels)) * float(labels.any())),
        ),
    )


def _refuse_shared(dataset: Dataset, fitting: Dataset) -> None:
    scored = {PurePosixPath(sample.video).stem for sample in dataset.samples}
    shared = [one for one in fitting.samples if PurePosixPath(one.video).stem in scored]
    if shared:
        raise BenchmarkError(
            f"{len(shared)} videos to fit on are scored too, e.g. {shared[0].video!r}; "
            "fit on other videos"
        )


def _table(
    title: str, rows: tuple[Row, ...], conventions: dict[str, str], gaps: tuple[Gap, ...] = ()
) -> Table:
    return Table(title=title, rows=rows, conventions=conventions, gaps=gaps)


Part = tuple[str, tuple[Sample, ...], Fitting | None]


def _by_source(dataset: Dataset, fitting: Fitting | None) -> Iterator[Part]:
    """Give each source's name, samples, and what to fit on: the other sources by default."""
    sources = sorted({sample.source for sample in dataset.samples})
    for source in sources:
        samples = tuple(one for one in dataset.samples if one.source == source)
        others = tuple(one for one in dataset.samples if one.source != source)
        fit = fitting
        if fit is None and others:
            fit = Fitting(name="", samples=others)
        yield source if len(sources) > 1 else "", samples, fit


def _each(
    parts: Sequence[Part],
    score: Callable[[tuple[Sample, ...], Fitting | None], tuple[Row, ...]],
) -> tuple[Row, ...]:
    return tuple(
        row.model_copy(update={"name": f"{source}: {row.name}" if source else row.name})
        for source, samples, fitting in parts
        for row in score(samples, fitting)
    )


def _named(dataset: Dataset) -> Fitting:
    return Fitting(name=f"{dataset.benchmark} {dataset.annotation}", samples=dataset.samples)


def _categories(samples: Sequence[Sample]) -> list[str]:
    return [plain_category(one.truth.category) for one in samples if one.truth.category]


def _most_frequent(values: Sequence[Name]) -> Name:
    """Return the most frequent value; of equals the smallest."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value))


def _events(sample: Sample) -> tuple[Segment, ...] | None:
    """Return the annotated events, none for a normal video; `None` when nobody wrote times down."""
    return (sample.truth.events or None) if sample.truth.anomalous else ()


def _shown(window: Segment) -> str:
    return f"[{window.start:g}, {window.end:g}]"


def _window_figures(
    claimed: Sequence[Segment], truths: Sequence[Sequence[Segment]], *, draws: int, seed: int
) -> dict[str, Estimate]:
    ious = [best_iou(window, truth) for window, truth in zip(claimed, truths, strict=True)]
    return score_ious(ious, normal=[not truth for truth in truths], draws=draws, seed=seed)


def _video_auc(
    truth: Sequence[bool], lengths: Sequence[float | None], draws: int, seed: int
) -> Estimate:
    """Return the ROC area of "shorter is anomalous" over whole videos."""
    labels = np.array(truth, dtype=np.bool_)
    scores = -np.array(lengths, dtype=np.float64)

    def area(items: NDArray[np.int64]) -> float:
        if labels[items].all() or not labels[items].any():
            return float("nan")
        ranks = rankdata(scores[items])
        positives = int(labels[items].sum())
        above = float(ranks[labels[items]].sum()) - positives * (positives + 1) / 2
        return above / (positives * (len(items) - positives))

    from scipy.stats import rankdata

    return bootstrap(area, len(labels), draws=draws, seed=seed).estimate()


def _frame_gaps(samples: Sequence[Sample]) -> tuple[Gap, ...]:
    gaps = []
    for one in samples:
        if not one.frames:
            detail = "the annotation does not say how many frames it has"
            gaps.append(Gap(id=one.id, kind="wrong-length", detail=detail))
        elif frame_spans(one) is None:
            detail = "anomalous, and no times are annotated"
            gaps.append(Gap(id=one.id, kind="no-times", detail=detail))
    return tuple(gaps)
