"""Writing the output folder: complete under its name, or not there at all.

Everything is written into a hidden folder beside the target, forced to disk, and put in place by
renaming. A folder that is written again keeps its custody history and whatever a person laid
into it.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vau_agent.errors import IntegrityError, SettingsError, VideoError
from vau_agent.memory.chain import genesis
from vau_agent.memory.home import Home
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
from vau_agent.reports.pictures import LoadPicture
from vau_agent.reports.placing import keep_foreign, put_in_place, recover, sync_tree
from vau_agent.reports.tables import events_csv, events_vtt
from vau_agent.reports.thumbs import name_thumbs, write_thumbs
from vau_agent.reports.times import precise
from vau_agent.results import Clip, Result
from vau_agent.schemas import Segment
from vau_agent.settings import Settings
from vau_agent.tools.clips import cut_clip
from vau_agent.tools.video.factory import open_video

CLIPS: Final = "clips"


def write_run(
    result: Result, folder: Path, *, home: Home, source: Path, settings: Settings
) -> Manifest:
    """Write the output folder of a run: its pictures, its trace, and clips of its events.

    Clips that the folder already holds are kept. When the video is gone or has changed, the
    folder is written without new clips and says so.

    Raises:
        SettingsError: Something else stands at `folder`.
        IntegrityError: The custody history that stands there does not hold.
        BlobError: A picture is absent or damaged.
    """
    recover(folder)
    records = tuple(home.journal.records(result.run_id))
    trace = (record.model_dump_json().encode("utf-8", "replace") for record in records)
    former = _former_clips(result, folder)
    with tempfile.TemporaryDirectory(prefix="vau-clips-") as name:
        clips, clips_folder = former, folder / CLIPS
        if former is None:
            clips_folder = Path(name)
            result, clips = _cut_clips(result, source, clips_folder, settings)
        return write_folder(
            result,
            folder,
            thumbs=home.blobs.get,
            clips=clips or (),
            clips_folder=clips_folder,
            trace=trace,
            journal_head=records[-1].hash if records else None,
            action="analyze" if not result.answers else "ask",
        )


def is_current(folder: Path, journal_head: str) -> bool:
    """Tell whether the folder that stands there was written from the run's last record."""
    try:
        return read_manifest(folder).journal_head == journal_head
    except IntegrityError:
        return False


def _former_clips(result: Result, folder: Path) -> tuple[Clip, ...] | None:
    """Give the clips of a folder that was written before, if they show this result's events."""
    try:
        former = read_manifest(folder)
    except IntegrityError:
        return None
    segments = {event.id: (event.start_s, event.end_s) for event in result.events}
    is_same = former.source.sha256 == result.video.sha256 and all(
        segments.get(clip.id) == (clip.requested.start, clip.requested.end) for clip in former.clips
    )
    return former.clips if is_same and former.clips else None


def _cut_clips(
    result: Result, source: Path, into: Path, settings: Settings
) -> tuple[Result, tuple[Clip, ...]]:
    events = sorted(result.events, key=lambda event: -event.score)[: settings.clips.max_clips]
    if not events:
        return result, ()
    try:
        with open_video(source, reader=settings.reader, limits=settings.video) as reader:
            clips = [
                cut_clip(
                    source,
                    Segment(start=event.start_s, end=event.end_s),
                    clip_id=event.id,
                    reader=reader,
                    into=into,
                    stamp=precise,
                    settings=settings.clips,
                    limits=settings.video,
                )
                for event in events
                if reader.info.sha256 == result.video.sha256
                and event.start_s < min(event.end_s, reader.info.duration_s)
            ]
    except VideoError as error:
        warning = f"No clips were cut: {error}"
    else:
        if clips:
            return result, tuple(clips)
        warning = f"No clips were cut: {source.name!r} is no longer the video that was analysed"
    return result.model_copy(update={"warnings": (*result.warnings, warning)}), ()


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
        named = name_thumbs(result)
        write_thumbs(named, new, thumbs)
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
