"""Moments and highlights by QVHighlights' rules."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from sklearn.metrics import precision_recall_curve

from vau_agent.errors import PredictionError
from vau_agent.evals.formats.highlights import average_precision, hit_at_1
from vau_agent.evals.formats.queries import Query
from vau_agent.evals.formats.qvhighlights import QVHIGHLIGHTS
from vau_agent.schemas import Segment

WriteLines = Callable[[str, Iterable[Mapping[str, JsonValue]]], Path]


def truth_line(qid: int, windows: JsonValue, **fields: JsonValue) -> dict[str, JsonValue]:
    return {
        "qid": qid,
        "duration": 20,
        "relevant_windows": windows,
        "relevant_clip_ids": [1, 2],
        "saliency_scores": [[4, 2, 0], [1, 1, 1]],
        **fields,
    }


def answer(qid: int, *windows: JsonValue) -> dict[str, JsonValue]:
    saliency: list[JsonValue] = [0.1, 0.9, 0.3, 0, 0, 0, 0, 0, 0, 0]
    return {"qid": qid, "pred_relevant_windows": [*windows], "pred_saliency_scores": saliency}


def test_a_hand_case(write_lines: WriteLines) -> None:
    truth = write_lines("truth.jsonl", [truth_line(1, [[0, 10]]), truth_line(2, [[4, 16]])])
    answers = [answer(1, [0, 10, 0.2], [5, 20, 0.9]), answer(2, [4, 10, 0.5])]
    table = QVHIGHLIGHTS.score(write_lines("p.jsonl", answers), truth, draws=20, seed=0)
    metrics = table.rows[0].metrics
    # The first window counts for R1, whatever its score; mAP goes by score.
    assert metrics["MR-full-R1@0.5"].value == 100
    assert metrics["MR-full-R1@0.7"].value == 50
    assert metrics["R1@0.3"].value == 100
    assert metrics["mean_best_IoU_of_top1"].value == pytest.approx(0.75)
    assert metrics["MR-full-mAP@0.5"].value == pytest.approx(75)
    assert metrics["MR-full-mAP@0.75"].value == pytest.approx(25)
    assert metrics["MR-short-mAP"].n == 1
    assert metrics["MR-middle-mAP"].n == 1
    assert metrics["MR-long-mAP"].value is None
    # Clip 1 is rated 4, 2, 0 and scored highest: annotator 3 found none.
    assert metrics["HL-min-Fair-Hit1"].value == 100
    assert metrics["HL-min-Fair-mAP"].value == pytest.approx(66.67)
    assert metrics["HL-min-VeryGood-mAP"].value == pytest.approx(33.33)
    assert table.rows[1].kind == "blind"


def test_bad_answers_are_gaps_and_count_wrong(write_lines: WriteLines) -> None:
    queries = [truth_line(qid, [[0, 10]]) for qid in range(1, 6)]
    truth = write_lines("truth.jsonl", [*queries, truth_line(1, [[0, 1]]), truth_line(9, [])])
    answers: list[dict[str, JsonValue]] = [
        answer(1, [0, 10, 1]),
        answer(1, [0, 1, 1]),
        answer(2, [10, 0, 1]),
        answer(3, [0, 10, float("nan")]),
        {"qid": 4},
        answer(77, [0, 10, 1]),
    ]
    table = QVHIGHLIGHTS.score(write_lines("p.jsonl", answers), truth, draws=5, seed=0)
    assert table.rows[0].metrics["MR-full-R1@0.5"].value == 20
    assert table.rows[0].metrics["MR-full-R1@0.5"].n == 5
    assert {(gap.id, gap.kind) for gap in table.gaps} == {
        ("qid 1", "duplicate-id"),
        ("line 7", "missing-truth"),
        ("qid 2", "reversed-times"),
        ("qid 3", "not-a-number"),
        ("qid 4", "missing-field"),
        ("qid 5", "missing-prediction"),
        ("qid 77", "unknown-id"),
    }


def test_saliency_that_is_too_short_is_scored_as_far_as_it_goes(write_lines: WriteLines) -> None:
    truth = write_lines("truth.jsonl", [truth_line(1, [[0, 10]])])
    short = answer(1, [0, 10, 1]) | {"pred_saliency_scores": [0.1, 0.9]}
    table = QVHIGHLIGHTS.score(write_lines("p.jsonl", [short]), truth, draws=5, seed=0)
    assert table.rows[0].metrics["HL-min-Fair-Hit1"].value == 100
    assert [gap.kind for gap in table.gaps] == ["wrong-length"]


def test_answers_to_other_queries_are_refused(write_lines: WriteLines) -> None:
    truth = write_lines("truth.jsonl", [truth_line(1, [[0, 10]])])
    with pytest.raises(PredictionError, match="none of the 1 queries"):
        QVHIGHLIGHTS.score(write_lines("p.jsonl", [answer(2)]), truth, draws=5, seed=0)


@given(st.data())
def test_average_precision_is_the_published_one(data: st.DataObject) -> None:
    clips = data.draw(st.integers(2, 12))
    relevant = data.draw(st.lists(st.booleans(), min_size=clips, max_size=clips))
    scores = data.draw(
        st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.9]), min_size=clips, max_size=clips)
    )
    query = Query(
        qid=1,
        duration_s=2.0 * clips,
        windows=(Segment(start=0, end=1),),
        saliency={clip: (4.0 if found else 0.0,) for clip, found in enumerate(relevant)},
    )
    expected = 0.0
    if any(relevant):
        precision, recall, _ = precision_recall_curve(relevant, scores)
        for place in range(1, len(precision)):  # the program's own loop
            precision[place] = max(precision[place - 1], precision[place])
        expected = float(np.mean(precision[np.flatnonzero(np.diff(recall))]))
    assert average_precision(query, scores, 2) == pytest.approx(expected)
    assert hit_at_1(query, scores, 2) == float(relevant[int(np.argmax(scores))])
