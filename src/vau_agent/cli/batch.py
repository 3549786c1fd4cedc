"""Many videos in one go: skip what is finished, survive what fails, end with a table."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from vau_agent.cli.analyze import STOPPED_EARLY, ExitOn, exit_code_for
from vau_agent.cli.ledger import DONE, FAILED, STOPPED, Ledger, Row, key_of
from vau_agent.cli.progress import View, open_view
from vau_agent.errors import VideoError
from vau_agent.reports.text import one_line
from vau_agent.workers.pool import Reply, Task, Workers

if TYPE_CHECKING:
    from vau_agent.settings import Settings

BATCH_FAILED: Final = 5
UNREADABLE: Final = 3
"""Exit code of a failure that comes again as long as the file is the same."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """How a batch is run."""

    settings: "Settings"
    jobs: int
    fresh: bool
    retry_failed: bool
    output: Literal["human", "json", "events"]
    quiet: bool
    exit_on: frozenset[ExitOn]

    def run(self, files: Sequence[Path]) -> int:
        """Analyse the files; give the exit code."""
        ledger = Ledger(self.settings.out)
        tally = Tally()
        view = open_view(quiet=self.quiet)
        keys = {file: _key(file, self.settings) for file in files}
        known = ledger.rows()
        copies: dict[str, list[Path]] = {}
        for file, key in keys.items():
            row = known.get(key)
            if row is not None and self._is_settled(row):
                self._finish(replace(row, file=str(file)), tally, view, was_known=True)
            else:
                copies.setdefault(key, []).append(file)
        todo = [Task(path=same[0]) for same in copies.values()]
        try:
            with Workers(jobs=self.jobs, settings=self.settings, fresh=self.fresh) as workers:
                for reply in workers.run(todo):
                    if reply.kind == "event":
                        self._show(reply, view)
                        continue
                    row = _row(reply, keys[reply.path], self.settings.out)
                    ledger.write(row)
                    self._finish(row, tally, view, was_known=False)
                    for copy in copies[row.key][1:]:
                        self._finish(replace(row, file=str(copy)), tally, view, was_known=True)
        finally:
            view.close()
        return self._end(tally, ledger)

    def _is_settled(self, row: Row) -> bool:
        if self.fresh:
            return False
        if row.state == DONE:
            return (self.settings.out / row.folder / "result.json").is_file()
        return row.exit_code == str(UNREADABLE) and not self.retry_failed

    def _show(self, reply: Reply, view: View) -> None:
        if self.output == "events":
            print(json.dumps(reply.body, separators=(",", ":")), flush=True)
        elif reply.body["type"] == "warning":
            view.say(f"  {reply.path.name}: {one_line(str(reply.body['data'].get('text', '')))}")

    def _finish(self, row: Row, tally: "Tally", view: View, *, was_known: bool) -> None:
        tally.add(row, was_known=was_known)
        if row.state == FAILED:
            view.say(f"  failed       {one_line(row.file)}")
            return
        if self.output == "json":
            document = (self.settings.out / row.folder / "result.json").read_text(encoding="utf-8")
            print(json.dumps(json.loads(document), separators=(",", ":")), flush=True)
        words = f"{row.label}{f': {row.category}' if row.category else ''}"
        note = "   (known)" if was_known else "   (stopped)" if row.state == STOPPED else ""
        view.say(f"  {words:<24} {one_line(row.file)}{note}")

    def _end(self, tally: "Tally", ledger: Ledger) -> int:
        stream = sys.stdout if self.output == "human" else sys.stderr
        for line in tally.lines(ledger.path):
            print(line, file=stream)
        if tally.failures:
            return BATCH_FAILED
        if tally.stopped:
            return STOPPED_EARLY
        return exit_code_for(set(tally.labels), self.exit_on)


@dataclass(kw_only=True)
class Tally:
    """What a batch came to."""

    skipped: int = 0
    stopped: int = 0
    """Ended early by a limit; counted under their provisional verdicts too."""
    labels: Counter[str] = field(default_factory=Counter)
    failures: list[Row] = field(default_factory=list)

    def add(self, row: Row, *, was_known: bool) -> None:
        """Count one video."""
        self.skipped += was_known
        if row.state == FAILED:
            self.failures.append(row)
        else:
            self.labels[row.label] += 1
            self.stopped += row.state == STOPPED

    def lines(self, ledger: Path) -> list[str]:
        """Give the closing lines, failures last."""
        good = sum(self.labels.values())
        count = good + len(self.failures)
        verdicts = "   ".join(f"{self.labels[label]} {label}" for label in sorted(self.labels))
        lines = [
            f"{count} videos   {good - self.stopped} done   {len(self.failures)} failed"
            f"   ({self.skipped} known already)   {verdicts}".rstrip(),
            f"Ledger   {ledger}",
        ]
        if self.stopped:
            lines.append(
                f"stopped early: {self.stopped}; the same command with higher limits goes on"
            )
        lines += [f"failed: {one_line(row.file)}: {one_line(row.error)}" for row in self.failures]
        if any(row.exit_code == str(UNREADABLE) for row in self.failures):
            lines.append("Unreadable files are not tried again unless --retry-failed is given.")
        return lines


def _key(file: Path, settings: "Settings") -> str:
    try:
        return key_of(file, settings)
    except VideoError:
        return f"unread:{file.absolute()}"  # the reader says what is wrong with it


def _row(reply: Reply, key: str, out: Path) -> Row:
    body: dict[str, Any] = reply.body
    if reply.kind == FAILED:
        return Row(
            key=key,
            file=str(reply.path),
            state=FAILED,
            exit_code=str(body["exit_code"]),
            error=body["message"],
        )
    result = body["result"]
    verdict = result["verdict"]
    confidence = verdict["confidence"]
    stopped: str | None = result["stopped"]
    return Row(
        key=key,
        file=str(reply.path),
        state=DONE if stopped is None else STOPPED,
        label=verdict["label"],
        category=verdict["category"] or "",
        confidence="" if confidence is None else f"{confidence:.3f}",
        events=str(len(result["events"])),
        run_id=result["run_id"],
        folder=_relative(Path(body["folder"]), out),
        exit_code="0" if stopped is None else str(STOPPED_EARLY),
        error=stopped or "",
        seconds=f"{result['usage']['seconds']:.1f}",
    )


def _relative(folder: Path, out: Path) -> str:
    inside, base = folder.absolute(), out.absolute()
    return str(inside.relative_to(base) if inside.is_relative_to(base) else inside)
