"""The pictures in `thumbs/`: every frame the run cites or was shown, as it was looked at."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from vau_agent.reports.pictures import LoadPicture, load_checked
from vau_agent.results import Answer, EvidenceFrame, Result, ResultEvent, StageRecord

THUMBS: Final = "thumbs"


def name_thumbs(result: Result) -> Result:
    """Say of each frame where its picture will lie."""

    def named(frames: Sequence[EvidenceFrame]) -> tuple[EvidenceFrame, ...]:
        return tuple(
            frame.model_copy(update={"thumb": f"{THUMBS}/{frame.frame_id}-{frame.sha256[:12]}.jpg"})
            for frame in frames
        )

    def event(one: ResultEvent) -> ResultEvent:
        return one.model_copy(update={"evidence": named(one.evidence)})

    def stage(one: StageRecord) -> StageRecord:
        return one.model_copy(update={"frames": named(one.frames)})

    def answer(one: Answer) -> Answer:
        return one.model_copy(update={"frames": named(one.frames)})

    return result.model_copy(
        update={
            "events": tuple(event(one) for one in result.events),
            "stages": tuple(stage(one) for one in result.stages),
            "answers": tuple(answer(one) for one in result.answers),
        }
    )


def all_frames(result: Result) -> Iterator[EvidenceFrame]:
    """Give every frame that a result names, repeats included."""
    for event in result.events:
        yield from event.evidence
    for stage in result.stages:
        yield from stage.frames
    for answer in result.answers:
        yield from answer.frames


def write_thumbs(result: Result, new: Path, load: LoadPicture) -> None:
    """Write each picture once.

    Raises:
        BlobError: A picture is absent or damaged.
    """
    (new / THUMBS).mkdir()
    for name, sha256 in {frame.thumb: frame.sha256 for frame in all_frames(result)}.items():
        picture = load_checked(load, sha256)
        if name is not None:
            (new / name).write_bytes(picture)
