"""Results as real runs state them: an anomalous one with two events, a normal, an inconclusive."""

import hashlib
import io
import json
import math
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from vau_agent.errors import BlobError
from vau_agent.memory.chain import Record, genesis, record_hash
from vau_agent.reports.folder import write_folder
from vau_agent.results import (
    Answer,
    Clip,
    ClipFile,
    EvidenceFrame,
    ModelCard,
    Models,
    Result,
    ResultEvent,
    ResultVerdict,
    ResultVideo,
    StageRecord,
    UsageTotals,
    WallClock,
)
from vau_agent.schemas import Box, Claim, Coverage, CurvePoint, Score, Segment, Verdict

PICTURE_SIZE = (320, 180)
SOURCE_SHA256 = hashlib.sha256(b"the source file").hexdigest()


class Pictures:
    """Drawn frames, found by their digest as in a blob store."""

    def __init__(self) -> None:
        self._by_digest: dict[str, bytes] = {}

    def frame(self, number: int, t_s: float, box: Box | None = None) -> EvidenceFrame:
        """Draw the frame of a number and keep it."""
        picture = _draw(number, box)
        digest = hashlib.sha256(picture).hexdigest()
        self._by_digest[digest] = picture
        return EvidenceFrame(frame_id=f"f{number}", t_s=t_s, sha256=digest, box=box)

    def __call__(self, sha256: str) -> bytes:
        if sha256 not in self._by_digest:
            raise BlobError(f"no picture {sha256[:12]}")
        return self._by_digest[sha256]


@pytest.fixture(scope="session")
def pictures() -> Pictures:
    return Pictures()


@pytest.fixture(scope="session")
def anomalous(pictures: Pictures) -> Result:
    bag = Box(x=0.42, y=0.5, width=0.16, height=0.3)
    taken = tuple(
        pictures.frame(number, time, bag if number != 126 else None)
        for number, time in ((118, 464.2), (121, 467.8), (126, 471.8))
    )
    fallen = (pictures.frame(203, 663.1, Box(x=0.7, y=0.6, width=0.25, height=0.2)),)
    more = tuple(pictures.frame(130 + n, 458.0 + 2.5 * n) for n in range(8))
    return Result(
        run_id="3f9c2b7e51d4",
        created=datetime(2026, 11, 22, 9, 30, 5, tzinfo=UTC),
        tool="vau-agent 0.1.0",
        video=ResultVideo(
            name="lobby.mp4",
            sha256=SOURCE_SHA256,
            bytes=94_371_840,
            duration_s=744.0,
            frame_rate_mode="variable",
            width=1280,
            height=720,
            codec="h264",
            container="mov,mp4",
        ),
        verdict=ResultVerdict(
            label="anomalous", category="stealing", severity=2, confidence=0.61, calibrated=False
        ),
        events=(
            ResultEvent(
                id="e1",
                start_s=463.4,
                end_s=472.1,
                category="stealing",
                score=0.86,
                title="Bag taken from an unattended seat",
                summary="A person lifts a bag from an unattended seat and leaves by the left door.",
                scene="Lobby with seats, two doors, daylight.",
                confidence=0.61,
                severity=2,
                evidence=taken,
            ),
            ResultEvent(
                id="e2",
                start_s=662.0,
                end_s=666.4,
                category="fall",
                score=0.58,
                title="A person falls by the desk",
                summary="Someone drops fast beside the desk and lies still for three seconds.",
                evidence=fallen,
            ),
        ),
        curve=tuple(_moment(second / 2) for second in range(0, 1488, 1) if not 400 < second < 520),
        cuts=(58.0, 301.5),
        coverage=Coverage(
            duration_s=744.0,
            looked_at_s=684.5,
            frames=1369,
            share=0.92,
            note="every keyframe, and 10 frames a second around candidates",
            gaps=(Segment(start=200.0, end=259.5),),
        ),
        stages=_stages(taken, fallen, more),
        answers=(
            Answer(
                question="Which way did they go?",
                text="Through the left door at 07:51.8; not visible afterwards in this video.",
                claims=(Claim(text="The person leaves by the left door.", frames=("f126",)),),
                claims_removed=(Claim(text="They got into a car.", struck="no frame shows a car"),),
                frames=(taken[2],),
                at=datetime(2026, 11, 22, 9, 41, tzinfo=UTC),
            ),
        ),
        models=Models(reasoner=ModelCard(id="rules", revision="1")),
        prompts_sha256={
            name: hashlib.sha256(name.encode()).hexdigest()
            for name in ("initial_reason", "self_reflect", "verify", "revise")
        },
        usage=UsageTotals(calls=6, prompt_tokens=18211, completion_tokens=1302, seconds=58.2),
        warnings=("the file states no recording time; the wall clock is unknown",),
    )


@pytest.fixture(scope="session")
def normal(anomalous: Result) -> Result:
    return anomalous.model_copy(
        update={
            "verdict": ResultVerdict(label="normal", confidence=0.9, calibrated=True),
            "events": (),
            "curve": tuple(_moment(second / 2) for second in range(400)),
            "coverage": Coverage(duration_s=744.0, looked_at_s=744.0, frames=1488, share=1.0),
            "stages": (),
            "answers": (),
            "warnings": (),
        }
    )


@pytest.fixture(scope="session")
def inconclusive(anomalous: Result) -> Result:
    return anomalous.model_copy(
        update={
            "verdict": ResultVerdict(
                label="inconclusive",
                inconclusive_reason="the picture is black from 00:10.0 on; nothing can be seen",
            ),
            "events": (),
            "curve": (),
            "stages": (),
            "answers": (),
            "video": anomalous.video.model_copy(
                update={
                    "clock": WallClock(
                        start_utc=datetime(2026, 7, 1, 6, 0, tzinfo=UTC),
                        zone="Europe/Berlin",
                        source="given",
                    )
                }
            ),
        }
    )


@pytest.fixture(scope="session")
def all_results(anomalous: Result, normal: Result, inconclusive: Result) -> tuple[Result, ...]:
    return anomalous, normal, inconclusive


def _stages(
    taken: tuple[EvidenceFrame, ...],
    fallen: tuple[EvidenceFrame, ...],
    more: tuple[EvidenceFrame, ...],
) -> tuple[StageRecord, ...]:
    window = Segment(start=440.0, end=500.0)
    lifts = Claim(text="A person lifts a bag from the seat.", frames=("f118", "f121"))
    leaves = Claim(text="The person leaves by the left door.", frames=("f126",))
    owner = Claim(text="The owner shouts after them.", struck="cites no frame")
    record: Callable[..., StageRecord] = StageRecord
    return (
        record(
            stage="initial_reason",
            window=window,
            round=0,
            text="<think>A person lifts a bag.</think>\n<answer>anomalous</answer>",
            verdict=Verdict(
                label="anomalous",
                category="loitering",
                segment=Segment(start=458.0, end=481.0),
                confidence=0.48,
            ),
            claims_kept=(lifts,),
            claims_removed=(owner,),
            frames=more,
            seconds=6.04,
        ),
        record(
            stage="verify",
            window=window,
            round=1,
            text="A bag is gone after 07:47.",
            verdict=Verdict(
                label="anomalous", category="stealing", segment=Segment(start=464.0, end=472.0)
            ),
            claims_kept=(Claim(text="The bag is gone.", frames=("f121",)),),
            frames=taken,
            seconds=4.9,
        ),
        record(
            stage="self_reflect",
            window=window,
            round=1,
            text="The start is early: nothing happens before f118.",
            doubts=("the start is early", "is the bag the person's own?"),
            calls=("zoom(start=460, end=474)", "compare(before=455, after=475)"),
            frames=more[:3],
            seconds=5.2,
        ),
        record(
            stage="revise",
            window=window,
            round=1,
            text="The bag was taken by somebody who did not bring it.",
            verdict=Verdict(
                label="anomalous",
                category="stealing",
                segment=Segment(start=463.4, end=472.1),
                confidence=0.61,
            ),
            claims_kept=(lifts, leaves),
            claims_removed=(owner,),
            frames=taken,
            seconds=4.8,
        ),
        record(
            stage="initial_reason",
            window=Segment(start=650.0, end=680.0),
            round=0,
            text="Someone falls.",
            verdict=Verdict(
                label="anomalous", category="fall", segment=Segment(start=662.0, end=666.4)
            ),
            claims_kept=(Claim(text="Someone drops fast and lies still.", frames=("f203",)),),
            frames=fallen,
            seconds=3.3,
        ),
    )


def _moment(time: float) -> CurvePoint:
    def bump(centre: float, width: float) -> float:
        return math.exp(-(((time - centre) / width) ** 2))

    wave = 0.08 + 0.05 * math.sin(time / 9) * math.sin(time / 2.3)
    cues: dict[str, Score] = {
        "motion": min(1.0, wave + 0.5 * bump(467, 6) + 0.4 * bump(130, 9)),
        "object_removed": 0.9 * bump(468, 4),
        "impact": 0.7 * bump(663, 1.2),
        "stillness": 0.6 * bump(665, 2.5),
    }
    return CurvePoint(timestamp=time, score=max(cues.values()), cues=cues)


def _draw(number: int, box: Box | None) -> bytes:
    width, height = PICTURE_SIZE
    image = Image.new("RGB", PICTURE_SIZE, (92, 98, 104))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.62, width, height), fill=(70, 66, 60))
    for seat in range(5):
        left = 30 + seat * 55
        draw.rectangle((left, 105, left + 35, 135), fill=(40, 60, 92))
    left = 20 + number * 37 % 240
    draw.ellipse((left, 55, left + 17, 72), fill=(196, 160, 130))
    draw.rectangle((left - 3, 72, left + 20, 125), fill=(150, 40, 40))
    if box is not None:
        draw.rectangle((150, 107, 175, 127), fill=(25, 25, 25))
    draw.text((8, 8), f"frame {number}", fill=(255, 255, 255))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


@pytest.fixture(scope="session")
def trace(anomalous: Result) -> list[bytes]:
    """Give three chained records of the anomalous run, as lines."""
    lines: list[bytes] = []
    prev = genesis(anomalous.run_id)
    for seq in (1, 2, 3):
        record = Record(
            seq=seq,
            run_id=anomalous.run_id,
            kind="stage",
            key=f"stage/{seq}",
            at="2026-11-22T09:30:00Z",
            body={"text": "ein Satz über <tags>"},
            prev=prev,
            hash="",
        )
        prev = record_hash(record)
        lines.append(record.model_copy(update={"hash": prev}).model_dump_json().encode())
    return lines


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Clip, ...], Path]:
    """Give a clip of the first event whose files exist, and their folder."""
    folder = tmp_path_factory.mktemp("cut")

    def file(name: str, content: bytes) -> ClipFile:
        (folder / name).write_bytes(content)
        return ClipFile(
            name=name,
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            codec="h264",
            frames=217,
            start_s=463.4,
            end_s=472.1,
        )

    clip = Clip(
        id="e1",
        requested=Segment(start=463.4, end=472.1),
        source_sha256=SOURCE_SHA256,
        stream_copy=file("e1-stream.mp4", b"stream"),
        viewing_copy=file("e1-view.mp4", b"view"),
    )
    return (clip,), folder


@pytest.fixture(scope="session")
def pristine(
    tmp_path_factory: pytest.TempPathFactory,
    anomalous: Result,
    pictures: Pictures,
    trace: list[bytes],
    cut: tuple[tuple[Clip, ...], Path],
) -> Path:
    """Write the whole output folder of the anomalous run, once."""
    folder = tmp_path_factory.mktemp("out") / "lobby-3f9c2b"
    clips, clips_folder = cut
    write_folder(
        anomalous,
        folder,
        thumbs=pictures,
        clips=clips,
        clips_folder=clips_folder,
        trace=trace,
        journal_head=json.loads(trace[-1])["hash"],
        who="ada@lab",
    )
    return folder


@pytest.fixture
def written(tmp_path: Path, pristine: Path) -> Path:
    """Give a copy of the output folder that a test may change."""
    return Path(shutil.copytree(pristine, tmp_path / "out" / pristine.name))
