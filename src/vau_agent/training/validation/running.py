"""An examination from beginning to end: levels, rows, whole agents beside, and what is left."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from vau_agent import __version__
from vau_agent.agent.backends.transformers.folder import digest_folder
from vau_agent.errors import SettingsError
from vau_agent.evals.report.document import render_json
from vau_agent.evals.report.markdown import render_markdown
from vau_agent.evals.report.page import render_html
from vau_agent.evals.samples import Sample
from vau_agent.evals.scoring.answers import align
from vau_agent.evals.store import read_records
from vau_agent.evals.tables import Table
from vau_agent.reports.times import stamp
from vau_agent.settings import Settings
from vau_agent.tools.detection import Detection, Rule
from vau_agent.tools.detector import CARD_FILE, DETECTOR_FILE, Detector
from vau_agent.tools.video.factory import hash_file
from vau_agent.training.scenes.splits import Split
from vau_agent.training.validation.agents import Videos, agent_records, render_some
from vau_agent.training.validation.answering import read_words
from vau_agent.training.validation.asking import Writer
from vau_agent.training.validation.blind import blind_methods, training_samples
from vau_agent.training.validation.levels import (
    REAL,
    Examinee,
    Level,
    OnAnswers,
    answer_level,
    scene_level,
    video_level,
)
from vau_agent.training.validation.methods import Method, method_of
from vau_agent.training.validation.rows import HEAD, VARIANTS
from vau_agent.training.validation.shown import Shown
from vau_agent.training.validation.tables import Examined, examination_tables

FITTED_ON: Final = 300
"""Scenes of training that blind rows are fitted on."""
REPORTS: Final = ("report.md", "report.json", "report.html")


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What is to be found out."""

    name: str
    """What the model is called in tables."""
    splits: tuple[Split, ...]
    count: int
    """Scenes of each seed and level."""
    seeds: int
    rows: tuple[str, ...]
    """The last one is broken down and compared with the others."""
    real: Videos | None = None
    agents: tuple[str, ...] = ()
    """Policies that judge the same videos as whole agents."""
    agents_count: int = 60
    """Rendered videos of each level that they are shown; they see every real one."""
    at_once: int = 32
    fitted_on: int = FITTED_ON
    draws: int = 1000
    seed: int = 0
    """Of every bootstrap."""
    jobs: int = 1
    fresh: bool = False


def open_examinee(
    model: Path, detector: Path | None, writer: Writer, *, precision: str
) -> Examinee:
    """Put a model and its detector together.

    Args:
        model: A model folder.
        detector: A folder with a detector, or the file in it; the model folder where `None`.
        writer: Completes with the model.
        precision: Of its arithmetic.

    Raises:
        ModelError: The detector's card is damaged.
        SettingsError: There is no detector where one was named.
    """
    place = detector or model
    folder = place.parent if place.is_file() else place
    digests = {"model": digest_folder(model), "precision": precision}
    if not (folder / DETECTOR_FILE).is_file():
        if detector is not None:
            raise SettingsError(
                f"{str(detector)!r} holds no {DETECTOR_FILE}; --detector names the folder of one"
            )
        return Examinee(writer=writer, detect=None, rule=Rule(), digests=digests)
    opened = Detector.open(folder)
    digests |= {name: hash_file(folder / name) for name in (DETECTOR_FILE, CARD_FILE)}

    def detect(shown: Shown) -> Detection:
        return opened.judge(shown.clip.pictures, shown.clip.boundaries)

    return Examinee(writer=writer, detect=detect, rule=opened.card.rule, digests=digests)


def examine(
    examination: Examination,
    examinee: Examinee,
    out: Path,
    settings: Settings,
    *,
    on_answers: OnAnswers | None = None,
) -> tuple[Table, ...]:
    """Ask for every answer that is not there yet, and score all of them.

    Raises:
        SettingsError: A row needs what is not there, or what is in `out` was made from something
            else.
    """
    if HEAD in examination.rows and examinee.detect is None:
        raise SettingsError(
            f"row {HEAD!r} needs a detector, and the model folder holds none; name one with "
            "--detector, or leave the row out with --rows"
        )
    fitting = training_samples(examination.fitted_on, out / "train")
    examined = [
        _examine_level(
            level, examination, examinee, out / level.name, settings, fitting, on_answers
        )
        for level in _levels(examination, out, settings)
    ]
    return examination_tables(examined, draws=examination.draws, seed=examination.seed)


def write_reports(
    tables: Sequence[Table], out: Path, *, title: str, made: datetime
) -> tuple[Path, ...]:
    """Write the tables as Markdown, JSON and a page."""
    out.mkdir(parents=True, exist_ok=True)
    facts = {"Made": stamp(made), "Program": f"vau-agent {__version__}"}
    texts = (
        render_markdown(tables),
        json.dumps(render_json(tables, name=title), indent=2) + "\n",
        render_html(title, tables, facts=facts),
    )
    paths = tuple(out / name for name in REPORTS)
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def _levels(examination: Examination, out: Path, settings: Settings) -> Iterator[Level]:
    for split in examination.splits:
        seeds = range(examination.seeds)
        yield scene_level(split, out / split, seeds=seeds, count=examination.count)
    if examination.real is not None:
        yield video_level(examination.real.manifest, examination.real.folder, settings)


def _examine_level(
    level: Level,
    examination: Examination,
    examinee: Examinee,
    folder: Path,
    settings: Settings,
    fitting: Sequence[Sample],
    on_answers: OnAnswers | None,
) -> Examined:
    answer_level(
        level,
        examination.rows,
        examinee,
        folder,
        at_once=examination.at_once,
        fresh=examination.fresh,
        on_answers=on_answers,
    )
    records = {row: read_records(folder / row)[1] for row in examination.rows}
    words = {row: read_words(folder / row) for row in examination.rows}
    readable = {
        row: {name: one.readable for name, one in told.items()} for row, told in words.items()
    }
    answers = {row: align(level.dataset, kept)[0] for row, kept in records.items()}
    said: list[Method] = []
    for row in examination.rows:
        title = _title(examination.name, row)
        if row != HEAD and VARIANTS[row].reflects:
            said.append(method_of(f"{title}, never revising", answers[row], "initial"))
        said.append(method_of(title, answers[row], "final", readable=readable[row]))
    chief = examination.rows[-1]
    methods = [
        *blind_methods(level.dataset.samples, fitting),
        *_agents(level, examination, folder, settings),
        *said,
    ]
    return Examined(
        name=level.name,
        dataset=level.dataset,
        kinds=level.kinds,
        methods=tuple(methods),
        first=None if chief == HEAD else method_of("first", answers[chief], "initial"),
        beside=tuple(one.name for one in methods[:-1] if one.whole),
        words=words[chief],
        records={_title(examination.name, row): kept for row, kept in records.items()},
    )


def _agents(
    level: Level, examination: Examination, folder: Path, settings: Settings
) -> Iterator[Method]:
    """Give what whole agents say; of rendered levels, of some videos only."""
    if not examination.agents:
        return
    videos = examination.real
    if level.name != REAL:
        split = next(one for one in examination.splits if one == level.name)
        videos = render_some(
            split,
            range(examination.seeds),
            min(examination.agents_count, len(level.dataset.samples)),
            folder,
            jobs=examination.jobs,
        )
    assert videos is not None  # the level of real videos is made from them
    for policy in examination.agents:
        place = folder / f"agent-{policy.replace(':', '-').replace('/', '-')}"
        records = agent_records(policy, videos, settings, place, fresh=examination.fresh)
        known = {record.sample_id for record in records}
        answers = [one for one in align(level.dataset, records)[0] if one.sample.id in known]
        yield method_of(f"agent with {_plain(policy)}", answers, "final")


def _title(name: str, row: str) -> str:
    if row == HEAD:
        return "stage-0 head"
    words = VARIANTS[row].name
    return f"{name}, {words}" if words else name


def _plain(policy: str) -> str:
    """Name a policy without the place of its folder."""
    name, colon, model = policy.partition(":")
    return f"{name}{colon}{Path(model).name}"
