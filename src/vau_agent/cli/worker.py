"""A process that analyses one video after the other for a batch; see `workers.py`.

One JSON object a line, in and out. Standard output belongs to the protocol: whatever else prints
goes to standard error.
"""

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Final, TextIO

from vau_agent.cli.session import Session, write_crash_report
from vau_agent.errors import VauAgentError

INTERRUPTED: Final = 130


def main() -> int:
    """Answer requests until standard input ends."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        for line in sys.stdin:
            _answer(json.loads(line), replies)
    except (KeyboardInterrupt, BrokenPipeError):
        return INTERRUPTED  # the batch is being ended; what is journaled stays
    return 0


def _answer(request: dict[str, object], replies: TextIO) -> None:
    from vau_agent.api import analyze
    from vau_agent.results import Event
    from vau_agent.settings import Settings

    def send(kind: str, body: object) -> None:
        replies.write(json.dumps({"kind": kind, "body": body}) + "\n")
        replies.flush()

    def on_event(event: Event) -> None:
        send("event", event.model_dump(mode="json"))

    path = Path(str(request["path"]))
    settings = Settings.model_validate(request["settings"])
    try:
        outcome = analyze(path, settings=settings, on_event=on_event, fresh=bool(request["fresh"]))
        send("done", outcome.model_dump(mode="json", by_alias=True))
    except VauAgentError as error:
        send("failed", {"exit_code": error.exit_code, "message": str(error)})
    except Exception as error:  # noqa: BLE001 - an edge: one file's crash must not end the batch
        report = write_crash_report(Session(home=settings.home), error, [str(path)])
        text = "".join(traceback.format_exception_only(error)).strip().splitlines()[0]
        send("failed", {"exit_code": 1, "message": f"internal error: {text}; details in {report}"})


if __name__ == "__main__":
    sys.exit(main())
