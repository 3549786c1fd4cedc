"""`manifest.json`: every file of an output folder with its hash, and how that is checked.

A folder may come from anywhere: links are not followed, nothing outside it is opened, and every
problem is listed instead of stopping at the first.
"""

import hashlib
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from vau_agent.errors import IntegrityError, SettingsError
from vau_agent.memory.chain import Record, verify_chain
from vau_agent.reports.custody import CustodyRecord, parse_custody
from vau_agent.reports.files import hash_file, list_files, read_document, stays_inside
from vau_agent.results import Clip, Result
from vau_agent.schemas import Value

MANIFEST_SCHEMA: Final = "vau.manifest/1"
MANIFEST_NAME: Final = "manifest.json"
RESULT_NAME: Final = "result.json"
TRACE_NAME: Final = "trace.jsonl"
CUSTODY_NAME: Final = "custody.jsonl"

ProblemKind = Literal[
    "altered",
    "missing",
    "extra",
    "escapes",
    "unreadable",
    "manifest",
    "result",
    "trace",
    "custody",
    "source",
]


class FileEntry(Value):
    """One file of the folder."""

    path: str
    """Relative to the folder, with forward slashes."""
    bytes: int
    sha256: str


class Source(Value):
    """The analysed video, which is not part of the folder."""

    name: str
    bytes: int
    sha256: str


class Manifest(Value):
    """What an output folder holds."""

    schema_id: Literal["vau.manifest/1"] = Field(default=MANIFEST_SCHEMA, alias="schema")
    run_id: str
    created: datetime
    tool: str
    source: Source
    files: tuple[FileEntry, ...]
    """Everything but the manifest itself, by path."""
    clips: tuple[Clip, ...] = ()
    journal_head: str | None = None
    """Hash of the last record in `trace.jsonl`."""
    custody_head: str
    """Hash of the last record in `custody.jsonl`."""


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an output folder.

    Raises:
        IntegrityError: It is absent or not a manifest.
    """
    try:
        return Manifest.model_validate_json(read_document(folder / MANIFEST_NAME))
    except FileNotFoundError as error:
        raise IntegrityError(
            f"{str(folder)!r} holds no {MANIFEST_NAME}; name the folder that holds report.html"
        ) from error
    except (ValidationError, OSError) as error:
        raise IntegrityError(
            f"{str(folder / MANIFEST_NAME)!r} is no manifest; restore the folder from a copy"
        ) from error


class Problem(Value):
    """One thing that does not hold."""

    kind: ProblemKind
    path: str
    detail: str


class VerifyReport(Value):
    """The outcome of a check."""

    folder: Path
    files: int
    """Files of the manifest that were compared."""
    problems: tuple[Problem, ...]
    manifest_sha256: str | None
    """To be kept elsewhere: whoever holds it can tell a rewritten folder."""

    @property
    def ok(self) -> bool:
        """Tell whether everything holds."""
        return not self.problems


def verify_folder(folder: Path, *, source: Path | None = None) -> VerifyReport:
    """Check an output folder.

    Args:
        folder: The folder that holds `manifest.json`.
        source: The video it was made from, if at hand.

    Raises:
        SettingsError: There is no such folder.
    """
    if not folder.is_dir():
        raise SettingsError(f"{str(folder)!r} is no folder; name the folder of a report")
    try:
        manifest = read_manifest(folder)
    except IntegrityError as error:
        problem = Problem(kind="manifest", path=MANIFEST_NAME, detail=str(error))
        return VerifyReport(folder=folder, files=0, problems=(problem,), manifest_sha256=None)
    problems = [
        *_file_problems(folder, manifest),
        *_result_problems(folder, manifest),
        *_trace_problems(folder, manifest),
        *_custody_problems(folder, manifest),
        *(_source_problems(source, manifest) if source else ()),
    ]
    return VerifyReport(
        folder=folder,
        files=len(manifest.files),
        problems=tuple(problems),
        manifest_sha256=hashlib.sha256(read_document(folder / MANIFEST_NAME)).hexdigest(),
    )


def _file_problems(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    found = dict(list_files(folder))
    listed: set[str] = {MANIFEST_NAME}
    for entry in manifest.files:
        if entry.path in listed:
            yield Problem(kind="manifest", path=entry.path, detail="is listed twice")
        elif not stays_inside(entry.path):
            yield Problem(kind="escapes", path=entry.path, detail="lies outside the folder")
        elif entry.path not in found:
            yield Problem(kind="missing", path=entry.path, detail="is listed and not there")
        elif not stat.S_ISREG(found[entry.path].st_mode):
            yield Problem(kind="escapes", path=entry.path, detail="is a link or a device")
        else:
            yield from _content_problems(folder, entry.path, entry.sha256, entry.bytes)
        listed.add(entry.path)
    for path in sorted(found.keys() - listed):
        yield Problem(kind="extra", path=path, detail="is there and not listed")


def _content_problems(folder: Path, path: str, sha256: str, size: int) -> Iterator[Problem]:
    try:
        actual, count = hash_file(folder / path)
    except OSError as error:
        yield Problem(kind="unreadable", path=path, detail=error.strerror or "cannot be read")
        return
    if (actual, count) != (sha256, size):
        detail = f"was {size} bytes, sha256 {sha256[:12]}; is {count} bytes, {actual[:12]}"
        yield Problem(kind="altered", path=path, detail=detail)


def _result_problems(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    try:
        result = Result.model_validate_json(read_document(folder / RESULT_NAME))
    except FileNotFoundError:
        return
    except (OSError, ValidationError):
        yield Problem(kind="result", path=RESULT_NAME, detail="is no result document")
        return
    pairs = (
        ("run", result.run_id, manifest.run_id),
        ("source sha256", result.video.sha256, manifest.source.sha256),
        ("source name", result.video.name, manifest.source.name),
        ("source size", str(result.video.bytes), str(manifest.source.bytes)),
        ("program", result.tool, manifest.tool),
    )
    for what, stated, listed in pairs:
        if stated != listed:
            detail = f"states {what} {stated!r}, the manifest {listed!r}"
            yield Problem(kind="result", path=RESULT_NAME, detail=detail)
    hashes = {entry.path: entry.sha256 for entry in manifest.files}
    for event in result.events:
        for frame in event.evidence:
            if frame.thumb and hashes.get(frame.thumb) != frame.sha256:
                detail = f"event {event.id} cites {frame.thumb!r} with another hash"
                yield Problem(kind="result", path=RESULT_NAME, detail=detail)
    for clip in manifest.clips:
        for file in (clip.stream_copy, clip.viewing_copy):
            if file and hashes.get(f"clips/{file.name}") != file.sha256:
                detail = f"clip {file.name!r} is listed with another hash"
                yield Problem(kind="manifest", path=MANIFEST_NAME, detail=detail)


def _trace_problems(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    try:
        lines = read_document(folder / TRACE_NAME).splitlines()
    except OSError:
        return
    try:
        records = [Record.model_validate_json(line) for line in lines]
        verify_chain(records, manifest.run_id, manifest.journal_head if lines else None)
    except ValidationError:
        yield Problem(kind="trace", path=TRACE_NAME, detail="holds a line that is no record")
    except IntegrityError as error:
        yield Problem(kind="trace", path=TRACE_NAME, detail=str(error))
    if not lines and manifest.journal_head:
        yield Problem(kind="trace", path=TRACE_NAME, detail="is empty; records were cut off")


def _custody_problems(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    try:
        lines = read_document(folder / CUSTODY_NAME).decode("utf-8", "replace").splitlines()
        records = parse_custody(lines, manifest.run_id)
    except OSError:
        return
    except IntegrityError as error:
        yield Problem(kind="custody", path=CUSTODY_NAME, detail=str(error))
        return
    if not records or records[-1].hash != manifest.custody_head:
        detail = "does not end with the record that the manifest names"
        yield Problem(kind="custody", path=CUSTODY_NAME, detail=detail)
        return
    yield from _last_act_problems(records[-1], manifest)


def _last_act_problems(last: CustodyRecord, manifest: Manifest) -> Iterator[Problem]:
    listed = {entry.path: entry.sha256 for entry in manifest.files if entry.path != CUSTODY_NAME}
    if last.outputs != listed:
        detail = "its last record and the manifest list different files"
        yield Problem(kind="custody", path=CUSTODY_NAME, detail=detail)


def _source_problems(source: Path, manifest: Manifest) -> Iterator[Problem]:
    try:
        sha256, count = hash_file(source.resolve())
    except OSError as error:
        detail = error.strerror or "cannot be read"
        yield Problem(kind="source", path=str(source), detail=detail)
        return
    if sha256 != manifest.source.sha256:
        detail = f"is another file than the one analysed: sha256 {sha256[:12]}, {count} bytes"
        yield Problem(kind="source", path=str(source), detail=detail)
