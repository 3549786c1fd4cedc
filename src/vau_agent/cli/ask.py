"""`vau-agent ask`: questions about a video that was analysed."""

from typing import TYPE_CHECKING, Annotated

import typer

from vau_agent.cli.options import HomeOption, JsonOption, settings_from

if TYPE_CHECKING:
    from vau_agent.results import Answer


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In quotes.")],
    run: Annotated[
        str | None,
        typer.Option(
            "--run", metavar="RUN", help="Run id; the latest run if left out.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Answer a question about a finished run, from its evidence."""
    from vau_agent.api import ask as run_question

    answer = run_question(question, settings=settings_from({"home": home}), run_id=run)
    if as_json:
        print(answer.model_dump_json(indent=2))
        return
    for line in _lines(answer):
        print(line)


def _lines(answer: "Answer") -> list[str]:
    from vau_agent.reports.text import visible
    from vau_agent.reports.times import timecode

    lines = [visible(answer.text)]
    if answer.frames:
        seen = ", ".join(f"{one.frame_id} at {timecode(one.t_s)}" for one in answer.frames)
        lines.append(f"Seen in  {seen}")
    if answer.claims_removed:
        lines.append(f"Struck   {len(answer.claims_removed)} statements that no frame supports")
    return lines
