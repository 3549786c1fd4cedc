"""Samples x policy -> records, written as they finish; the same call again goes on.

Each video is analysed under a number, and the numbers are dealt out at random: neither a name nor
a folder nor a place in the list can tell a policy the answer.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from vau_agent import __version__
from vau_agent.agent.calibration import load_calibration
from vau_agent.agent.prompting import prompt_digests
from vau_agent.errors import BenchmarkError, VideoError
from vau_agent.evals.benchmarks.videos import find_videos
from vau_agent.evals.metrics.options import permuted_options
from vau_agent.evals.opinions import to_record
from vau_agent.evals.questions import chosen_option, render_question
from vau_agent.evals.records import Choice, Record, RunHeader
from vau_agent.evals.samples import Dataset, Sample
from vau_agent.evals.store import Store, open_store
from vau_agent.graphs.opening import chosen_embedder, open_policy, suit
from vau_agent.results import Result
from vau_agent.settings import Settings, named_settings
from vau_agent.tools.video.factory import hash_file
from vau_agent.workers.pool import Reply, Task, Workers

Subject = Literal["verdict", "qa"]
SUBJECTS: Final[tuple[Subject, ...]] = ("verdict", "qa")
LEASE_PATIENCE_SECONDS: Final = 60.0
"""How long to wait for a worker of a killed run to let go of the video it was at."""

OnRecord = Callable[[Record, int, int], None]
"""Called with a record, how many are finished, and how many there will be."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run: fixed before the first video is opened."""

    dataset: Dataset
    """The samples that take part; its gaps name those that cannot."""
    videos: Mapping[str, Path]
    """By sample."""
    header: RunHeader
    settings: Settings
    tasks: tuple[Subject, ...]
    seed: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a run came to."""

    header: RunHeader
    dataset: Dataset
    records: tuple[Record, ...]
    """One a sample, in the order of the dataset."""
    known: int
    """Records that were there before."""
    warning: str | None

    @property
    def failed(self) -> tuple[Record, ...]:
        """Records of samples that could not be run."""
        return tuple(record for record in self.records if record.error is not None)


def plan_run(
    dataset: Dataset,
    *,
    annotation: Path,
    videos: Path,
    settings: Settings,
    limit: int | None = None,
    seed: int = 0,
    tasks: Sequence[Subject] = ("verdict",),
) -> Plan:
    """Choose the samples and state everything that can change an outcome.

    Args:
        dataset: What the annotation holds.
        annotation: The file it was read from.
        videos: The user's folder of videos.
        settings: How videos are analysed.
        limit: Samples that take part, drawn with `seed` from those whose video is there.
        seed: Of the draw, of the numbers that stand for names, and of the order of options.
        tasks: What is asked of each sample.

    Raises:
        BenchmarkError: None of the videos is there.
    """
    found, gaps = find_videos(dataset, videos)
    drawn = sorted(found, key=lambda one: _drawn(seed, one))[:limit]
    if not drawn:
        raise BenchmarkError(
            f"none of the {len(dataset.samples)} videos of {dataset.benchmark} is in "
            f"{str(videos)!r}; --videos names the folder"
        )
    backend = open_policy(settings)
    settings = suit(settings, backend)
    kept = set(drawn)
    samples = tuple(sample for sample in dataset.samples if sample.id in kept)
    taken = dataset.model_copy(update={"samples": samples, "gaps": (*dataset.gaps, *gaps)})
    told = {
        **named_settings(settings),
        "embedder": " ".join(str(part) for part in chosen_embedder(settings)),
        "prompts": _digest(prompt_digests()),
        "calibration": str(load_calibration(settings.models, settings.policy)),
        "limit": str(limit),
        "seed": str(seed),
        "tasks": ", ".join(tasks),
    }
    if backend.card.revision is not None:
        told["model"] = backend.card.revision
    name, _, script = settings.policy.partition(":")
    if name == "scripted":
        told["policy file"] = hash_file(Path(script))
    header = RunHeader(
        benchmark=dataset.benchmark,
        annotation=dataset.annotation,
        annotation_sha256=digest_of(annotation),
        policy=settings.policy,
        settings=told,
        samples=len(samples),
        tool=f"vau-agent {__version__}",
    )
    return Plan(
        dataset=taken,
        videos={one: found[one] for one in drawn},
        header=header,
        settings=settings,
        tasks=tuple(tasks),
        seed=seed,
    )


def run_benchmark(
    plan: Plan,
    *,
    out: Path,
    jobs: int = 1,
    fresh: bool = False,
    on_record: OnRecord | None = None,
) -> Finished:
    """Run every sample that has no record yet, or only a failed one.

    Args:
        plan: What to run.
        out: Folder of the records; runs, with their traces, are kept in it too.
        jobs: Videos at once.
        fresh: Drop what is there and start new runs.
        on_record: Told of each record as it is kept.

    Raises:
        SettingsError: The records in `out` were made from something else.
    """
    with open_store(out, plan.header, plan.dataset, fresh=fresh) as store:
        wanted = {sample.id: sample for sample in plan.dataset.samples}
        settled = {one.sample_id for one in store.records.values() if one.error is None}
        todo = [one for one in plan.videos if one not in settled]
        known = len(wanted) - len(todo)
        for record in _run([wanted[one] for one in todo], plan, store, jobs=jobs, fresh=fresh):
            store.append(record)
            known_now = sum(one in store.records for one in wanted)
            if on_record is not None:
                on_record(record, known_now, len(wanted))
        records = tuple(store.records[one] for one in wanted if one in store.records)
        return Finished(
            header=plan.header,
            dataset=plan.dataset,
            records=records,
            known=known,
            warning=store.warning,
        )


def digest_of(path: Path) -> str:
    """Give the sha256 of a file, or of the names and contents of a folder's files."""
    if path.is_file():
        return hash_file(path)
    digest = hashlib.sha256()
    for file in sorted(one for one in path.rglob("*") if one.is_file()):
        digest.update(f"{file.relative_to(path)} {hash_file(file)}\n".encode())
    return digest.hexdigest()


def _run(
    samples: Sequence[Sample], plan: Plan, store: Store, *, jobs: int, fresh: bool
) -> Iterator[Record]:
    """Give a record of each sample; samples of one video are analysed once."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        try:
            key = hash_file(plan.videos[sample.id])
        except VideoError as error:
            yield _failed(sample, str(error))
            continue
        groups.setdefault(key, []).append(sample)
    numbers = {one: number for number, one in enumerate(plan.videos, start=1)}
    with _numbered(groups.values(), plan.videos, numbers) as links:
        tasks = [Task(path=link, questions=tuple(_questions(links[link], plan))) for link in links]
        with Workers(
            jobs=jobs,
            settings=settings_inside(plan.settings, store.folder),
            fresh=fresh,
            patience_seconds=LEASE_PATIENCE_SECONDS,
        ) as workers:
            for reply in workers.run(tasks):
                if reply.is_last:
                    yield from _records(reply, links[reply.path], plan)


def settings_inside(settings: Settings, folder: Path) -> Settings:
    """Keep runs inside the folder of an evaluation; models stay where they are.

    Clips of events are not cut out: they take long and score nothing.
    """
    return settings.model_copy(
        update={
            "home": folder / "home",
            "out": folder / "runs",
            "model_dir": settings.models,
            "clips": settings.clips.model_copy(update={"max_clips": 0}),
        }
    )


@contextmanager
def _numbered(
    groups: Iterable[list[Sample]],
    videos: Mapping[str, Path],
    numbers: Mapping[str, int],
) -> Iterator[dict[Path, list[Sample]]]:
    """Link one video of each group under a number."""
    with tempfile.TemporaryDirectory(prefix="vau-eval-") as name:
        links = {}
        for group in groups:
            first = group[0].id
            video = videos[first].resolve()
            link = Path(name) / f"{numbers[first]:05d}{video.suffix.lower()}"
            link.symlink_to(video)
            links[link] = group
        yield links


def _questions(samples: Sequence[Sample], plan: Plan) -> Iterator[str]:
    for sample in samples:
        if "qa" in plan.tasks and sample.question is not None:
            yield render_question(sample.question, _order(sample, plan))


def _records(reply: Reply, samples: Sequence[Sample], plan: Plan) -> Iterator[Record]:
    if reply.kind == "failed":
        for sample in samples:
            video = str(plan.videos[sample.id])  # what the user knows, for the number it went by
            yield _failed(sample, str(reply.body["message"]).replace(str(reply.path), video))
        return
    result = Result.model_validate(reply.body["result"])
    answers = iter(reply.body["answers"])
    for sample in samples:
        record = to_record(sample.id, result)
        if "qa" in plan.tasks and sample.question is not None:
            record = record.model_copy(update={"choice": _choice(sample, next(answers), plan)})
        yield record


def _choice(sample: Sample, answer: Mapping[str, Any], plan: Plan) -> Choice:
    assert sample.question is not None  # callers ask first
    order = _order(sample, plan)
    if "error" in answer:
        return Choice(order=order, text=f"not answered: {answer['error']}")
    text, struck = str(answer["text"]), str(answer["struck"])
    final = chosen_option(text, sample.question, order)
    first = chosen_option(struck, sample.question, order) if final is None else final
    return Choice(order=order, initial=first, final=final, text=text)


def _order(sample: Sample, plan: Plan) -> tuple[int, ...]:
    assert sample.question is not None  # callers ask first
    return permuted_options(sample.question, plan.seed, sample.id)


def _failed(sample: Sample, message: str) -> Record:
    return Record(schema="vau.record/1", sample_id=sample.id, error=message)


def _drawn(seed: int, sample_id: str) -> bytes:
    """Place a sample in the drawn order: the same whatever other samples there are."""
    return hashlib.sha256(f"{seed}:{sample_id}".encode()).digest()


def _digest(named: Mapping[str, str]) -> str:
    text = "".join(f"{name} {value}\n" for name, value in sorted(named.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
