"""The follow-up graph: question, retrieve, answer, check citations, reply.

A question goes on from the conversation that the run's window ended with, so what was read once is
not read again. It looks at the video anew only when it names a time that no frame shows.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from vau_agent.agent.conversation import Conversation
from vau_agent.agent.times import asked_segment
from vau_agent.errors import ParseError, SettingsError
from vau_agent.graphs.claims import check_claims
from vau_agent.graphs.context import FollowupContext
from vau_agent.graphs.looks import run_tool
from vau_agent.graphs.recorder import sampled_frames
from vau_agent.memory.chain import Record
from vau_agent.memory.journal import Journal
from vau_agent.results import Answer, EvidenceFrame
from vau_agent.schemas import Claim, Evidence, Finding, FrameRef, Segment, ToolCall

MAX_QUESTION_CHARS: Final = 2_000
UNSUPPORTED: Final = "No frame supports an answer; ask about a time, or look at the report."
_FRAME_REACH_SECONDS: Final = 1.0
"""A time is shown by a frame no further away than this."""


ANSWER_KIND: Final = "answer.given"


class FollowupState(TypedDict):
    """State of one question about a finished run."""

    number: int
    """Questions asked of the run so far, this one included."""
    question: str
    findings: list[Finding]
    next_frame: int
    window: Segment | None
    """Part of the video that the question is answered from."""
    conversation: Conversation | None
    looks: list[Evidence]
    claims: list[Claim]
    answer: Answer | None


class FollowupUpdate(TypedDict, total=False):
    """What a node changes; fields as in `FollowupState`."""

    window: Segment | None
    conversation: Conversation | None
    looks: list[Evidence]
    claims: list[Claim]
    answer: Answer | None


FollowupGraph = CompiledStateGraph[FollowupState, FollowupContext, FollowupState, FollowupState]


def ask_run(question: str, context: FollowupContext) -> Answer:
    """Answer a question about the run that `context` records to, and store the answer with it.

    Raises:
        SettingsError: The question is empty or longer than `MAX_QUESTION_CHARS`.
    """
    question = question.strip()
    if not 0 < len(question) <= MAX_QUESTION_CHARS:
        raise SettingsError(
            f"a question has 1 to {MAX_QUESTION_CHARS} characters, this one {len(question)}"
        )
    records = list(context.recorder.records())
    number = 1 + sum(1 for record in records if record.kind == ANSWER_KIND)
    state = build_followup().invoke(
        FollowupState(
            number=number,
            question=question,
            findings=_findings(records),
            next_frame=_next_frame(records),
            window=None,
            conversation=None,
            looks=[],
            claims=[],
            answer=None,
        ),
        context=context,
    )
    reply: Answer = state["answer"]
    record = context.recorder.emit(
        ANSWER_KIND, f"q{number}/answer.given", reply.model_dump(mode="json")
    )
    return given_answer(record)


def given_answer(record: Record) -> Answer:
    """Read the answer that a record holds."""
    return Answer.model_validate({**record.body, "at": record.at})


def answers_of(journal: Journal, run_id: str) -> tuple[Answer, ...]:
    """Give all answers to questions about a run, oldest first."""
    return tuple(
        given_answer(record) for record in journal.records(run_id) if record.kind == ANSWER_KIND
    )


def build_followup() -> FollowupGraph:
    """Assemble the follow-up graph."""
    graph = StateGraph(FollowupState, FollowupContext)
    graph.add_node("retrieve", retrieve)
    graph.add_node("answer", answer)
    graph.add_node("check_citations", check_citations)
    graph.add_edge(START, "retrieve")
    graph.add_edge("retrieve", "answer")
    graph.add_edge("answer", "check_citations")
    graph.add_edge("check_citations", END)
    return graph.compile()


def retrieve(state: FollowupState, runtime: Runtime[FollowupContext]) -> FollowupUpdate:
    """Take up the window the question is about; zoom only where nothing was looked at."""
    context = runtime.context
    asked = asked_segment(state["question"], context.duration_s)
    finding = _relevant(state["findings"], asked)
    conversation = context.load_conversation(finding.conversation)
    looks: list[Evidence] = []
    unseen = asked is not None and not _is_shown(asked, conversation.frames)
    if asked is not None and unseen and context.reader is not None:
        keeper = context.keeper(known=conversation.frames, next_number=state["next_frame"])
        call = ToolCall(tool="zoom", arguments={"start_s": asked.start, "end_s": asked.end})
        result = run_tool(call, context.tools, context.reader, keeper)
        looks = [result.evidence] if result.evidence is not None else []
        frames = [frame.model_dump(mode="json") for look in looks for frame in look.frames]
        key = f"q{state['number']}/frames"
        context.recorder.emit("frames.sampled", key, {"step": key, "frames": frames})
    return {"window": finding.window, "conversation": conversation, "looks": looks}


def answer(state: FollowupState, runtime: Runtime[FollowupContext]) -> FollowupUpdate:
    """Let the policy answer from what was looked at."""
    conversation = state["conversation"]
    assert conversation is not None, "answer follows retrieve"
    step = f"q{state['number']}/answer"
    try:
        turn = runtime.context.policy(step).answer(conversation, state["question"], state["looks"])
    except ParseError as error:
        return {"claims": [Claim(text=f"The policy's answer could not be read: {error}.")]}
    runtime.context.remark(step, turn)
    return {"claims": list(turn.value)}


def check_citations(state: FollowupState, runtime: Runtime[FollowupContext]) -> FollowupUpdate:
    """Strike out what cites nothing that was looked at; put the rest into a reply."""
    conversation = state["conversation"]
    assert conversation is not None, "check_citations follows retrieve"
    shown = [*conversation.frames, *(frame for look in state["looks"] for frame in look.frames)]
    frames = {frame.frame_id: frame for frame in shown}
    whole = Segment(start=0.0, end=runtime.context.duration_s)
    checked = check_claims(state["claims"], frames, whole)
    kept = tuple(claim for claim in checked if claim.struck is None)
    cited = dict.fromkeys(frame for claim in kept for frame in claim.frames)
    return {
        "answer": Answer(
            question=state["question"],
            text=" ".join(claim.text for claim in kept) or UNSUPPORTED,
            claims=kept,
            claims_removed=tuple(claim for claim in checked if claim.struck is not None),
            frames=tuple(_evidence_frame(frames[frame_id]) for frame_id in cited),
        )
    }


def _findings(records: Sequence[Record]) -> list[Finding]:
    return [
        Finding.model_validate(record.body["finding"])
        for record in records
        if record.kind == "stage.finished" and "finding" in record.body
    ]


def _next_frame(records: Sequence[Record]) -> int:
    """Number new frames past every frame that the run has seen."""
    seen = [
        int(frame.frame_id.removeprefix("f"))
        for record in records
        for frame in sampled_frames(record)
    ]
    return max(seen, default=0) + 1


def _relevant(findings: Sequence[Finding], asked: Segment | None) -> Finding:
    """Choose the window that the asked time lies in, else the most telling one."""
    if asked is not None:
        return max(findings, key=lambda one: (one.window.overlap(asked), _weight(one)))
    return max(findings, key=_weight)


def _weight(finding: Finding) -> float:
    confidence = finding.verdict.confidence or 0.0
    return (
        confidence + {"anomalous": 2.0, "inconclusive": 1.0, "normal": 0.0}[finding.verdict.label]
    )


def _is_shown(asked: Segment, frames: Sequence[FrameRef]) -> bool:
    """Tell whether frames lie within reach of every part of the asked span."""
    times = sorted(frame.timestamp for frame in frames if _near(frame, asked))
    edges = [asked.start, *times, asked.end]
    widest = max(after - before for before, after in pairwise(edges))
    return bool(times) and widest <= 2 * _FRAME_REACH_SECONDS


def _near(frame: FrameRef, asked: Segment) -> bool:
    return asked.start - _FRAME_REACH_SECONDS <= frame.timestamp <= asked.end + _FRAME_REACH_SECONDS


def _evidence_frame(frame: FrameRef) -> EvidenceFrame:
    return EvidenceFrame(frame_id=frame.frame_id, t_s=frame.timestamp, sha256=frame.sha256)
