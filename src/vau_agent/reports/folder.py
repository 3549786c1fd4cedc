"""Writing the output folder: complete under its name, or not there at all.

Everything is written into a hidden folder beside the target, forced to disk, and put in place by
renaming. A folder that is written again keeps its custody history and whatever a person laid
into it.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vau_agent.errors import IntegrityError, SettingsError
from vau_agent.memory.chain import genesis
from vau_agent.reports.custody import (
    CustodyRecord,
    current_user,
    custody_lines,
    parse_custody,
    sealed,
)
from vau_agent.reports.files import hash_file, list_files, read_document
from vau_agent.reports.html import render_report
from vau_agent.reports.manifest import (
    CUSTODY_NAME,
    MANIFEST_NAME,
    RESULT_NAME,
    TRACE_NAME,
    FileEntry,
    Manifest,
    Source,
    read_manifest,
)
from vau_agent.reports.pictures import LoadPicture, load_checked
from vau_agent.reports.placing import keep_foreign, put_in_place, recover, sync_tree
from vau_agent.reports.tables import events_csv, events_vtt
from vau_agent.results import Answer, Clip, EvidenceFrame, Result, ResultEvent, StageRecord

CLIPS: Final = "clips"
THUMBS: Final = "thumbs"


def write_folder(
    result: Result,
    folder: Path,
    *,
    thumbs: LoadPicture,
    clips: Sequence[Clip] = (),
    clips_folder: Path | None = None,
    trace: Iterable[bytes] = (),
    journal_head: str | None = None,
    action: str = "analyze",
    who: str | None = None,
) -> Manifest:
    """Write everything a run hands over.

    Args:
        result: What the run states; the `thumb` of its frames is filled in here.
        folder: Where; an output folder of the same run that stands there is replaced.
        thumbs: Gives the JPEG picture of a digest.
        clips: What was cut out.
        clips_folder: Where the files of `clips` lie now; may be the old folder's own.
        trace: Records of the run, one JSON line each.
        journal_head: Hash of the last of these records.
        action: The command that writes, for the chain of custody.
        who: User and host; the operating system's when `None`.

    Raises:
        SettingsError: Something else stands at `folder`.
        IntegrityError: The custody history that stands there does not hold.
        BlobError: A picture is absent or damaged.
    """
    recover(folder)
    history = _history(folder, result.run_id)
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        new.chmod(0o755)
        named = _name_thumbs(result)
        _write_thumbs(named, new, thumbs)
        _copy_clips(clips, clips_folder, new)
        _write_documents(named, new, trace, clips, thumbs, journal_head)
        manifest = _seal(
            named, new, clips=clips, journal_head=journal_head, history=history.records,
            action=action, who=who or current_user(),
        )  # fmt: skip
        keep_foreign(folder, new, ours=history.ours)
        sync_tree(new)
        put_in_place(new, folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class _History:
    """What the folder that is about to be replaced says of itself."""

    records: tuple[CustodyRecord, ...] = ()
    ours: frozenset[str] = frozenset()


def _history(folder: Path, run_id: str) -> _History:
    """Read the custody history of the folder that is about to be replaced, if any."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return _History()
    if not (folder / MANIFEST_NAME).is_file():
        raise SettingsError(
            f"{str(folder)!r} exists and is no output folder; choose another with --out"
        )
    former = read_manifest(folder)
    if former.run_id != run_id:
        raise SettingsError(
            f"{str(folder)!r} holds run {former.run_id!r}, not {run_id!r}; "
            "choose another with --out"
        )
    try:
        lines = read_document(folder / CUSTODY_NAME).decode("utf-8", "replace").splitlines()
        records = parse_custody(lines, run_id)
    except OSError as error:
        raise IntegrityError(_refusal(folder, "its custody.jsonl is gone")) from error
    except IntegrityError as error:
        raise IntegrityError(_refusal(folder, str(error))) from error
    if not records or records[-1].hash != former.custody_head:
        raise IntegrityError(_refusal(folder, "its custody history was cut off or replaced"))
    ours = frozenset(entry.path for entry in former.files) | {MANIFEST_NAME}
    return _History(records=records, ours=ours)


def _refusal(folder: Path, why: str) -> str:
    return f"{str(folder)!r} is not written again: {why}; keep it aside and write elsewhere"


def _name_thumbs(result: Result) -> Result:
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


def _frames(result: Result) -> Iterator[EvidenceFrame]:
    for event in result.events:
        yield from event.evidence
    for stage in result.stages:
        yield from stage.frames
    for answer in result.answers:
        yield from answer.frames


def _write_thumbs(result: Result, new: Path, load: LoadPicture) -> None:
    (new / THUMBS).mkdir()
    for name, sha256 in {frame.thumb: frame.sha256 for frame in _frames(result)}.items():
        picture = load_checked(load, sha256)
        if name is not None:
            (new / name).write_bytes(picture)


def _copy_clips(clips: Sequence[Clip], origin: Path | None, new: Path) -> None:
    (new / CLIPS).mkdir()
    for clip in clips:
        for file in (clip.stream_copy, clip.viewing_copy):
            if file is None:
                continue
            if origin is None or Path(file.name).name != file.name:
                raise IntegrityError(f"clip {file.name!r} cannot be found; cut it again")
            target = new / CLIPS / file.name
            shutil.copyfile(origin / file.name, target, follow_symlinks=False)
            if hash_file(target)[0] != file.sha256:
                raise IntegrityError(f"clip {file.name!r} was altered since it was cut")


def _write_documents(
    result: Result,
    new: Path,
    trace: Iterable[bytes],
    clips: Sequence[Clip],
    load: LoadPicture,
    journal_head: str | None,
) -> None:
    page = render_report(result, load_picture=load, clips=clips, journal_head=journal_head)
    _write(new / "report.html", page)
    _write(new / RESULT_NAME, result_json(result))
    _write(new / "events.csv", events_csv(result))
    _write(new / "events.vtt", events_vtt(result))
    with (new / TRACE_NAME).open("wb") as file:
        for line in trace:
            file.write(line.rstrip(b"\n") + b"\n")


def result_json(result: Result) -> str:
    """Write a result as the document `result.json`: keys sorted, indented."""
    return _document(result)


def _seal(
    result: Result,
    new: Path,
    *,
    clips: Sequence[Clip],
    journal_head: str | None,
    history: Sequence[CustodyRecord],
    action: str,
    who: str,
) -> Manifest:
    """Hash everything, add this act to the chain of custody, and write the manifest last."""
    now = datetime.now(UTC)
    files = _entries(new)
    record = sealed(
        CustodyRecord(
            seq=len(history) + 1,
            at=now,
            who=who,
            action=action,
            tool=result.tool,
            inputs={"source": result.video.sha256},
            outputs={entry.path: entry.sha256 for entry in files},
            prev=history[-1].hash if history else genesis(result.run_id),
        )
    )
    _write(new / CUSTODY_NAME, custody_lines([*history, record]))
    video = result.video
    manifest = Manifest(
        run_id=result.run_id,
        created=now,
        tool=result.tool,
        source=Source(name=video.name, bytes=video.bytes, sha256=video.sha256),
        files=tuple(_entries(new)),
        clips=tuple(clips),
        journal_head=journal_head,
        custody_head=record.hash,
    )
    _write(new / MANIFEST_NAME, _document(manifest))
    return manifest


def _entries(folder: Path) -> list[FileEntry]:
    hashes = ((path, *hash_file(folder / path)) for path, _ in list_files(folder))
    return sorted(
        (FileEntry(path=path, bytes=size, sha256=sha256) for path, sha256, size in hashes),
        key=lambda entry: entry.path,
    )


def _document(value: Result | Manifest) -> str:
    # A policy may answer with half a surrogate pair, which no UTF-8 file can hold.
    data = value.model_dump(mode="json", by_alias=True)
    text = json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True)
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))
