import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from vau_agent.results import (
    EVENT_TYPES,
    RESULT_SCHEMA,
    Event,
    ModelCard,
    Models,
    Result,
    ResultVerdict,
    ResultVideo,
)
from vau_agent.schemas import Coverage

PROMISED = {
    *("schema", "run_id", "created", "tool", "video", "verdict", "events", "curve", "coverage"),
    *("stages", "answers", "models", "prompts_sha256", "usage", "warnings", "review"),
}
"""Fields of version 1: more may come, none may go."""


@pytest.fixture
def result() -> Result:
    """The least a result can state."""
    return Result(
        schema=RESULT_SCHEMA,
        run_id="r1",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        tool="vau-agent 0",
        video=ResultVideo(
            name="yard.mp4",
            sha256="0" * 64,
            bytes=1,
            duration_s=1.0,
            frame_rate_mode="constant",
            width=2,
            height=2,
            codec="h264",
            container="mov",
        ),
        verdict=ResultVerdict(label="normal"),
        coverage=Coverage(duration_s=1, looked_at_s=1, frames=10, share=1),
        models=Models(reasoner=ModelCard(id="rules")),
    )


def test_a_result_survives_being_written_and_read(result: Result) -> None:
    text = result.model_dump_json(by_alias=True)

    assert Result.model_validate_json(text) == result
    assert json.loads(text)["schema"] == "vau.result/1"


def test_version_1_keeps_the_fields_it_promised(result: Result) -> None:
    assert set(json.loads(result.model_dump_json(by_alias=True))) >= PROMISED


def test_a_result_of_another_version_is_refused(result: Result) -> None:
    document = json.loads(result.model_dump_json(by_alias=True)) | {"schema": "vau.result/2"}

    with pytest.raises(ValidationError):
        Result.model_validate(document)


def test_calibration_is_claimed_only_when_stated() -> None:
    assert ResultVerdict(label="normal").calibrated is False


def test_events_have_names_that_are_told_once() -> None:
    assert len(set(EVENT_TYPES)) == len(EVENT_TYPES)
    event = Event(seq=1, at=datetime(2026, 1, 1, tzinfo=UTC), run_id="r", type="run.started")
    assert Event.model_validate_json(event.model_dump_json()) == event
