"""What the YAML files of our tasks name: from a row to a prompt, and from a reply to scores.

A row has two fields: `video`, a path that tells nothing, and `case`, a `Case` as JSON.
"""

from collections.abc import Mapping, Sequence

from vau_agent.evals.adapters.cases import Case, score_reply
from vau_agent.evals.metrics.labels import binary_scores

Doc = Mapping[str, str]


def doc_to_visual(doc: Doc) -> list[str]:
    """Give what is looked at: the path of one video."""
    return [doc["video"]]


def doc_to_text(doc: Doc, lmms_eval_specific_kwargs: object = None) -> str:
    """Give what is asked."""
    return _case(doc).prompt


def doc_to_target(doc: Doc) -> str:
    """Give the right answer, for the log of samples."""
    return _case(doc).target


def process_verdict(doc: Doc, results: Sequence[str]) -> dict[str, object]:
    """Score a verdict; one that cannot be read is wrong."""
    case = _case(doc)
    score = score_reply(case, results[0])
    return {
        "accuracy": float(score.correct),
        "f1": {"anomalous": case.truth.anomalous, "said": score.said},
        "tiou_normals_counted": score.iou,
        "unreadable": float(not score.readable),
    }


def process_qa(doc: Doc, results: Sequence[str]) -> dict[str, float]:
    """Score the option that was chosen."""
    score = score_reply(_case(doc), results[0])
    return {"accuracy": float(score.correct), "unreadable": float(not score.readable)}


def aggregate_f1(results: Sequence[Mapping[str, bool | None]]) -> float:
    """Give the F1 of "anomalous"."""
    truth = [bool(one["anomalous"]) for one in results]
    return binary_scores(truth, [one["said"] for one in results])["f1"].value or 0.0


def aggregate_known(results: Sequence[float | None]) -> float:
    """Give the mean over samples whose times are known; 0 where none are."""
    known = [one for one in results if one is not None]
    return sum(known) / len(known) if known else 0.0


def _case(doc: Doc) -> Case:
    return Case.model_validate_json(doc["case"])
