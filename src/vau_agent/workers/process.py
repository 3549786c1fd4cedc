"""A process that analyses one video after the other; see `pool.py`.

One JSON object a line, in and out. Standard output belongs to the protocol: whatever else prints
goes to standard error.
"""

import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vau_agent.crashes import write_crash_report
from vau_agent.errors import RunLeaseError, VauAgentError

if TYPE_CHECKING:
    from vau_agent.api import Outcome
    from vau_agent.results import Event
    from vau_agent.settings import Settings

INTERRUPTED: Final = 130
_LEASE_POLL_SECONDS: Final = 0.5


def main() -> int:
    """Answer requests until standard input ends."""
    replies = Replies()
    threading.Thread(target=_end_when_orphaned, args=(replies,), daemon=True).start()
    try:
        for line in sys.stdin:
            _answer(json.loads(line), replies)
    except (KeyboardInterrupt, BrokenPipeError):
        return INTERRUPTED  # the others are being ended; what is journaled stays
    return 0


class Replies:
    """What goes back to the process that asks."""

    def __init__(self) -> None:
        self._stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        self.is_working = threading.Event()
        """Set from a request to just before its last reply."""

    def send(self, kind: str, body: object) -> None:
        """Send one object."""
        if kind != "event":
            self.is_working.clear()
        self._stream.write(json.dumps({"kind": kind, "body": body}) + "\n")
        self._stream.flush()


def _end_when_orphaned(replies: Replies) -> None:
    """Interrupt the work when whoever asked for it is killed.

    Nobody would get the answer, and the same command, started again, would find the run in use.
    """
    hang_up = select.poll()
    hang_up.register(sys.stdin.fileno(), 0)
    hang_up.poll()
    if replies.is_working.is_set():
        os.kill(os.getpid(), signal.SIGINT)


def _answer(request: dict[str, Any], replies: Replies) -> None:
    from vau_agent.settings import Settings

    replies.is_working.set()
    path = Path(str(request["path"]))
    settings = Settings.model_validate(request["settings"])
    try:
        outcome = _analyse(
            path,
            settings,
            replies,
            fresh=bool(request["fresh"]),
            patience_s=float(request["patience_s"]),
        )
        answers = _ask_all(request["questions"], outcome.result.run_id, settings)
        body = outcome.model_dump(mode="json", by_alias=True)
        replies.send("done", {**body, "answers": answers})
    except VauAgentError as error:
        replies.send("failed", {"exit_code": error.exit_code, "message": str(error)})
    except Exception as error:  # noqa: BLE001 - an edge: one file's crash must not end the others
        report = write_crash_report(error, [str(path)], home=settings.home)
        text = "".join(traceback.format_exception_only(error)).strip().splitlines()[0]
        message = f"internal error: {text}; details in {report}"
        replies.send("failed", {"exit_code": 1, "message": message})


def _analyse(
    path: Path, settings: "Settings", replies: Replies, *, fresh: bool, patience_s: float
) -> "Outcome":
    from vau_agent.api import analyze

    def on_event(event: "Event") -> None:
        replies.send("event", event.model_dump(mode="json"))

    give_up = time.monotonic() + patience_s
    while True:
        try:
            return analyze(path, settings=settings, on_event=on_event, fresh=fresh)
        except RunLeaseError:
            if time.monotonic() >= give_up:
                raise
            time.sleep(_LEASE_POLL_SECONDS)


def _ask_all(questions: Sequence[str], run_id: str, settings: "Settings") -> list[dict[str, str]]:
    """Ask what has not been asked yet; a question that cannot be answered fails alone."""
    from vau_agent.api import ask, list_answers

    if not questions:
        return []
    known = {one.question: one for one in list_answers(run_id, settings=settings)}
    answers = []
    for question in questions:
        try:
            answer = known.get(question.strip()) or ask(question, settings=settings, run_id=run_id)
            struck = " ".join(claim.text for claim in answer.claims_removed)
            answers.append({"text": answer.text, "struck": struck})
        except VauAgentError as error:
            answers.append({"error": str(error)})
    return answers


if __name__ == "__main__":
    sys.exit(main())
