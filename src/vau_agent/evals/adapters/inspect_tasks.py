r"""Tasks for Inspect: any benchmark of ours, put to the agent and scored by our metrics.

```console
$ inspect eval vau_agent/video_anomaly --model none -T benchmark=ucf-crime \
    -T annotation=FILE -T videos=FOLDER -T policy=rules
```

Needs `pip install 'vau-agent[inspect]'`. Inspect finds this file by its entry point. It is not
called `inspect_ai` because Inspect puts the folder of a task first on the path.
"""

from collections.abc import Sequence
from functools import partial
from math import nan
from pathlib import Path
from typing import Final

import anyio.to_thread
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import (
    CORRECT,
    INCORRECT,
    Metric,
    SampleScore,
    Score,
    Scorer,
    Target,
    accuracy,
    mean,
    metric,
    scorer,
    stderr,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import concurrency

from vau_agent.evals.adapters.asking import agent_settings, answer
from vau_agent.evals.adapters.cases import Case, read_cases, score_reply
from vau_agent.evals.metrics.labels import binary_scores

OUT: Final = "vau-out/inspect"


@task
def video_anomaly(
    benchmark: str,
    annotation: str,
    videos: str,
    subject: str = "verdict",
    policy: str = "rules",
    out: str = OUT,
    jobs: int = 1,
    limit: int | None = None,
    seed: int = 0,
) -> Task:
    """Ask what happens in each video of a benchmark, or the benchmark's questions about it.

    Args:
        benchmark: One of `vau-agent eval benchmarks`, e.g. `ucf-crime`.
        annotation: The file it reads.
        videos: Folder of the videos.
        subject: `verdict` or `qa`.
        policy: The agent's policy; Inspect's own model is not asked.
        out: Folder that keeps the agent's runs; the same video is analysed once.
        jobs: Videos at once.
        limit: Videos that take part, drawn with `seed`.
        seed: Of the draw and of the order of options.
    """
    read = read_cases(
        benchmark, Path(annotation), Path(videos), subject=subject, limit=limit, seed=seed
    )
    samples = [to_sample(case, read.videos[case.number]) for case in read.cases]
    return Task(
        dataset=MemoryDataset(samples, name=f"{benchmark} ({read.dataset.annotation})"),
        solver=vau_agent(policy=policy, out=out, jobs=jobs),
        scorer=[right_option()] if subject == "qa" else [right_verdict(), found_time()],
        metadata={
            "annotation": read.dataset.annotation,
            "gaps": [gap.model_dump() for gap in read.dataset.gaps],
        },
    )


@task
def vau_bench(annotation: str, videos: str, policy: str = "rules", out: str = OUT) -> Task:
    """Ask VAU-Bench's questions, options in an order of our own."""
    return video_anomaly("vau-bench", annotation, videos, subject="qa", policy=policy, out=out)


@solver
def vau_agent(policy: str = "rules", out: str = OUT, jobs: int = 1) -> Solver:
    """Let the agent answer; nothing of the sample but its prompt and its video is used."""
    settings = agent_settings(policy, Path(out))

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        ask = partial(answer, Path(state.metadata["video"]), state.input_text, settings)
        async with concurrency("vau-agent", jobs):
            text = await anyio.to_thread.run_sync(ask)
        state.output = ModelOutput.from_content(model=f"vau-agent/{policy}", content=text)
        return state

    return solve


def to_sample(case: Case, video: Path) -> Sample:
    """Give a case as Inspect carries it."""
    return Sample(
        id=case.number,
        input=case.prompt,
        target=case.target,
        metadata={"video": str(video), "case": case.model_dump(mode="json")},
    )


@metric
def f1() -> Metric:
    """F1 of "anomalous"; what could not be read is wrong."""

    def measure(scores: list[SampleScore]) -> float:
        return _f1([one.score for one in scores])

    return measure


@scorer(metrics=[accuracy(), stderr(), f1()])
def right_verdict() -> Scorer:
    """Whether the video was rightly called normal or anomalous."""
    return _right()


@scorer(metrics=[accuracy(), stderr()])
def right_option() -> Scorer:
    """Whether the right option was chosen."""
    return _right()


@scorer(metrics=[mean(), stderr()])
def found_time() -> Scorer:
    """IoU of the time called anomalous; nothing against nothing is 1 (normals counted).

    A sample whose times nobody wrote down is unscored, which Inspect leaves out of the mean.
    """

    async def score(state: TaskState, target: Target) -> Score:
        iou = score_reply(_case(state), state.output.completion).iou
        return Score(value=nan if iou is None else iou)

    return score


def _right() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        case = _case(state)
        found = score_reply(case, state.output.completion)
        return Score(
            value=CORRECT if found.correct else INCORRECT,
            answer=state.output.completion,
            explanation=None if found.readable else "the reply could not be read",
            metadata={"anomalous": case.truth.anomalous, "said": found.said},
        )

    return score


def _case(state: TaskState) -> Case:
    return Case.model_validate(state.metadata["case"])


def _f1(scores: Sequence[Score]) -> float:
    if not scores:  # Inspect asks so to learn the metric's shape
        return nan
    told = [one.metadata or {} for one in scores]
    found = binary_scores([bool(one["anomalous"]) for one in told], [one["said"] for one in told])
    return found["f1"].value or 0.0
