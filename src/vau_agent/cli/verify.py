"""`vau-agent verify`: is an output folder what the run wrote?"""

from pathlib import Path
from typing import Annotated, Final

import typer

from vau_agent.cli.options import JsonOption

CHECK_FAILED: Final = 8


def verify(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder that holds report.html.")
    ],
    video: Annotated[
        Path | None,
        typer.Option(
            "--video", metavar="FILE", help="Compare the analysed video too.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Compare an output folder with its hashes; ends with 8 if anything differs.

    What holds is that nothing changed since the manifest was written. Who wrote it is not shown:
    keep the manifest's digest elsewhere to tell a folder that was rewritten as a whole.
    """
    from vau_agent.reports.manifest import verify_folder
    from vau_agent.reports.text import one_line

    report = verify_folder(folder, source=video)
    if as_json:
        print(report.model_dump_json(indent=2))
    elif report.ok:
        also = " and the video" if video else ""
        print(f"ok       {report.files} files{also} are as they were written: {folder}")
        print(f"Manifest sha256 {report.manifest_sha256}")
    else:
        for problem in report.problems:
            print(f"{problem.kind:<10} {one_line(problem.path)}: {one_line(problem.detail)}")
        print(f"{len(report.problems)} problems in {folder}; restore it from a copy")
    return 0 if report.ok else CHECK_FAILED
