from pathlib import Path

import numpy as np
import pytest

from tests.tools.keeping import Keeper
from tests.tools.painted import Painted
from vau_agent.errors import ModelError, ToolArgumentError
from vau_agent.schemas import Segment, ToolCall
from vau_agent.settings import TriageSettings
from vau_agent.tools.base import Tool
from vau_agent.tools.detect import Detect
from vau_agent.tools.detection import category_of
from vau_agent.tools.detector import (
    CARD_FILE,
    DETECTOR_FILE,
    Detector,
    DetectorCard,
    motion_pictures,
    window_starts,
)
from vau_agent.tools.triage import triage

CARD = DetectorCard(classes=("normal", "fire"), bins=4, side=32, longest_bin_s=1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector that takes whatever is red for fire."""
    onnx = pytest.importorskip("onnx")
    folder = tmp_path_factory.mktemp("detector")
    helper, tensor = onnx.helper, onnx.TensorProto
    shape = ["windows", CARD.bins, CARD.side, CARD.side, 3]
    # redness 128 is none: 20 more are e times as likely a fire
    weights = np.array([[0, 0], [0, 1 / 20], [0, 0]], dtype=np.float32)
    shift = np.array([0, -128 / 20 - 1], dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pictures"], ["pixels"], to=tensor.FLOAT),
            helper.make_node("ReduceMean", ["pixels", "axes"], ["means"], keepdims=0),
            helper.make_node("MatMul", ["means", "weights"], ["weighed"]),
            helper.make_node("Add", ["weighed", "shift"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["rows"], axis=-1),
        ],
        "red",
        [helper.make_tensor_value_info("pictures", tensor.UINT8, shape)],
        [helper.make_tensor_value_info("rows", tensor.FLOAT, ["windows", CARD.bins, 2])],
        [
            onnx.numpy_helper.from_array(np.array([2, 3], dtype=np.int64), "axes"),
            onnx.numpy_helper.from_array(weights, "weights"),
            onnx.numpy_helper.from_array(shift, "shift"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.save(model, folder / DETECTOR_FILE)
    (folder / CARD_FILE).write_text(CARD.model_dump_json())
    return folder


@pytest.fixture
def burning() -> Painted:
    return Painted(duration_s=20, colours={0.0: "grey", 8.0: "red", 12.0: "grey"})


def test_it_says_what_when_and_how_surely(folder: Path, burning: Painted) -> None:
    measurement = Detector.open(folder).measure(burning, Segment(start=0, end=20))

    (found,) = measurement.candidates
    assert measurement.tool == "detect"
    assert category_of(found) == "fire"
    assert found.segment.start == pytest.approx(8, abs=0.6)
    assert found.segment.end == pytest.approx(12, abs=0.6)
    assert "fire" in measurement.notes[0]


def test_where_nothing_happens_it_says_so(folder: Path, burning: Painted) -> None:
    measurement = Detector.open(folder).measure(burning, Segment(start=0, end=6))

    assert measurement.candidates == ()
    assert "nothing abnormal" in measurement.notes[0]


def test_short_spans_are_seen_in_finer_bins(folder: Path, burning: Painted) -> None:
    detection = Detector.open(folder).detect(burning, Segment(start=7.5, end=8.5))

    assert len(detection.anomalous) == CARD.bins
    assert (detection.anomalous[:2] < 0.5).all()
    assert (detection.anomalous[2:] > 0.5).all()


def test_a_picture_is_compared_with_the_moment_before(burning: Painted) -> None:
    still, changed, first = motion_pictures(burning, [4.0, 8.1, 8.2], side=8)[[0, 1, 2]]

    assert (still[..., 2] == 128).all()
    assert (changed[..., 2] != 128).all()
    assert (first[..., 2] != 128).all()


def test_the_first_moment_has_nothing_to_be_compared_with(burning: Painted) -> None:
    (picture,) = motion_pictures(burning, [0.1], side=8)

    assert (picture[..., 2] == 128).all()


@pytest.mark.parametrize(
    ("moments", "starts"),
    [(16, [0]), (17, [0, 1]), (24, [0, 8]), (40, [0, 8, 16, 24]), (43, [0, 8, 16, 24, 27])],
)
def test_windows_overlap_by_half_and_cover_all(moments: int, starts: list[int]) -> None:
    assert window_starts(moments, 16) == starts


@pytest.mark.parametrize("missing", [CARD_FILE, DETECTOR_FILE])
def test_a_folder_without_one_says_what_to_do(folder: Path, tmp_path: Path, missing: str) -> None:
    for name in {CARD_FILE, DETECTOR_FILE} - {missing}:
        (tmp_path / name).write_bytes((folder / name).read_bytes())

    with pytest.raises(ModelError, match="pull the model again"):
        Detector.open(tmp_path)


def test_the_tool_brings_what_it_says_and_frames_of_it(folder: Path, burning: Painted) -> None:
    tool: Tool = Detect(TriageSettings(), Detector.open(folder), frames=4)
    call = ToolCall(tool="detect", arguments={"start_s": 5, "end_s": 30})

    result = tool.run(call, reader=burning, keep_frames=Keeper())

    assert result.evidence is not None
    (measurement,) = result.evidence.measurements
    assert measurement.segment == Segment(start=5, end=20)
    assert category_of(measurement.candidates[0]) == "fire"
    assert len(result.evidence.frames) == 4
    assert any(8 <= frame.timestamp < 12 for frame in result.evidence.frames)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"start_s": 3}, "end_s"),
        ({"start_s": 5, "end_s": 4}, "not after start_s"),
        ({"start_s": 20, "end_s": 24}, "20"),
    ],
)
def test_a_wrong_call_is_named(
    folder: Path, burning: Painted, arguments: dict[str, object], said: str
) -> None:
    tool = Detect(TriageSettings(), Detector.open(folder), frames=4)
    call = ToolCall(tool="detect", arguments=arguments)

    with pytest.raises(ToolArgumentError, match=r"^detect") as raised:
        tool.run(call, reader=burning, keep_frames=Keeper())
    assert said in str(raised.value)


def test_too_long_a_span_is_refused(folder: Path, burning: Painted) -> None:
    tool = Detect(TriageSettings(zoom_seconds=4), Detector.open(folder), frames=4)
    call = ToolCall(tool="detect", arguments={"start_s": 2, "end_s": 7})

    with pytest.raises(ToolArgumentError, match="longer than 4 s"):
        tool.run(call, reader=burning, keep_frames=Keeper())


def test_the_curve_tells_what_it_finds_and_nothing_else_changes(
    folder: Path, burning: Painted
) -> None:
    settings = TriageSettings(fps=2)
    plain = triage(burning, settings)
    informed = triage(burning, settings, detector=Detector.open(folder))

    assert informed.candidates == plain.candidates
    for one, other in zip(informed.curve, plain.curve, strict=True):
        assert one.score == other.score
        assert {name: value for name, value in one.cues.items() if name != "detector"} == other.cues
    told = [point.timestamp for point in informed.curve if "detector" in point.cues]
    assert min(told) == pytest.approx(8, abs=0.6)
    assert max(told) == pytest.approx(12, abs=0.6)
