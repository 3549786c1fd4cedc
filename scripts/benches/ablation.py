"""What do looks bring: segments before and after, with search and zoom on and off, on timed clips.

The clips are not part of this repository: `../shared/data/manifest.json` beside it lists them.
Each is analysed under a number. Prompt tokens are those that a model would be sent; `rules` reads
values and pays none.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from scripts.benches.analysing import analyse
from scripts.benches.measure import ROOT, Work
from scripts.benches.metered import Engine, MeteredBackend
from vau_agent.agent.backends.factory import open_backend
from vau_agent.memory.home import Home, open_home
from vau_agent.results import Result
from vau_agent.schemas import Segment, ToolName
from vau_agent.settings import AnalysisSettings, RetrievalSettings, Settings
from vau_agent.tools.video.factory import open_video

MANIFEST: Final = ROOT / "../shared/data/manifest.json"
MODELS: Final = ROOT / ".models"
VARIANTS: Final[dict[str, tuple[ToolName, ...]]] = {
    "no tool": (),
    "search": ("search_clips",),
    "zoom": ("zoom",),
    "search and zoom": ("search_clips", "zoom"),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One clip under one choice of tools."""

    before: float
    """Overlap of the first answer with the truth, 0 when it claims nothing."""
    after: float
    calls: int
    looks: int
    refused: int
    tokens: int
    changed: bool


def tools(work: Work) -> None:
    """Overlap before and after reflection, calls and prompt tokens, by the tools that are on."""
    if not MANIFEST.is_file() or not (MODELS / "conse").is_dir():
        print("skipped: needs ../shared/data/manifest.json and .models/conse")
        return
    timed = [one for one in json.loads(MANIFEST.read_text()) if one.get("events_s")]
    timed = timed[:2] if work.quick else timed
    print("| tools | clips | IoU before | IoU after | changed | calls | looks | refused | tokens |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, wanted in VARIANTS.items():
        settings = Settings(
            home=work.folder / f"tools-{time.time_ns()}",
            model_dir=MODELS,
            analysis=AnalysisSettings(tools=wanted),
            retrieval=RetrievalSettings(embedder="conse" if "search_clips" in wanted else "off"),
        )
        with open_home(settings.home) as home:
            _print_row(
                name,
                [_outcome(one, number, settings, home) for number, one in enumerate(timed)],
            )


def _outcome(entry: dict[str, Any], number: int, settings: Settings, home: Home) -> Outcome:
    engine = Engine()
    backend = MeteredBackend(backend=open_backend("rules"), engine=engine)
    with open_video((MANIFEST.parent / str(entry["file"])).resolve()) as reader:
        result = analyse(reader, backend, settings=settings, home=home, run_id=f"{number:03d}")
    truth = _truth(entry)
    looks = [look for stage in result.stages for look in stage.looks]
    return Outcome(
        before=_best(_first(result), truth),
        after=_best([Segment(start=one.start_s, end=one.end_s) for one in result.events], truth),
        calls=result.usage.calls,
        looks=len(looks),
        refused=sum("frame" not in look.rpartition(":")[2] for look in looks),
        tokens=engine.submitted,
        changed=_first(result)
        != [Segment(start=one.start_s, end=one.end_s) for one in result.events],
    )


def _truth(entry: dict[str, Any]) -> list[Segment]:
    """Give the true segments; a clip that is all event says so in words."""
    if isinstance(entry["events_s"], str):
        return [Segment(start=0.0, end=entry["duration_s"])]
    return [Segment(start=start, end=end) for start, end in entry["events_s"]]


def _first(result: Result) -> list[Segment]:
    """Give the segments that first answers claimed anomalous."""
    said = [stage.verdict for stage in result.stages if stage.stage == "initial_reason"]
    return [one.segment for one in said if one and one.label == "anomalous" and one.segment]


def _best(claimed: Sequence[Segment], truth: Sequence[Segment]) -> float:
    return max((one.iou(true) for one in claimed for true in truth), default=0.0)


def _print_row(name: str, outcomes: Sequence[Outcome]) -> None:
    count = max(1, len(outcomes))
    print(
        f"| {name} | {len(outcomes)} "
        f"| {sum(one.before for one in outcomes) / count:.3f} "
        f"| {sum(one.after for one in outcomes) / count:.3f} "
        f"| {sum(one.changed for one in outcomes)} "
        f"| {sum(one.calls for one in outcomes) / count:.1f} "
        f"| {sum(one.looks for one in outcomes) / count:.1f} "
        f"| {sum(one.refused for one in outcomes)} "
        f"| {sum(one.tokens for one in outcomes) / count:.0f} |",
        flush=True,
    )
