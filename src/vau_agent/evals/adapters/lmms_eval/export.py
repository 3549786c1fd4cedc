"""A benchmark as a folder for lmms-eval's `--include_path`: a task file, its rows, its videos.

The videos are links with numbers for names, dealt out at random.
"""

import json
from importlib import resources
from pathlib import Path
from string import Template

from vau_agent.errors import SettingsError
from vau_agent.evals.adapters.cases import Cases
from vau_agent.memory.durable import make_folder, sync_folder, write_durably


def export_tasks(cases: Cases, folder: Path) -> Path:
    """Write the folder; give its task file.

    Raises:
        SettingsError: The folder is there and is not empty.
    """
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()):
        raise SettingsError(f"{str(folder)!r} is not empty; name another folder")
    videos = folder / "videos"
    make_folder(videos)
    rows = []
    for case in cases.cases:
        link = videos / f"{case.number:05d}{cases.videos[case.number].suffix.lower()}"
        link.symlink_to(cases.videos[case.number])
        rows.append(json.dumps({"video": str(link), "case": case.model_dump_json()}))
    samples = folder / "samples.jsonl"
    write_durably(samples, ["\n".join([*rows, ""]).encode()])
    name = f"vau_{cases.cases[0].subject}.yaml"
    text = resources.files("vau_agent.evals.adapters.lmms_eval").joinpath(name).read_text("utf-8")
    filled = Template(text).substitute(samples=json.dumps(str(samples)))
    write_durably(folder / name, [filled.encode()])
    sync_folder(folder)
    return folder / name
