"""From the probability of a verdict's token to how sure the policy is.

A written number is what a policy says of itself; the probability of the token it began its answer
with is what it knows. How often such a probability is right is learned from judged clips: Platt's
logistic curve, two numbers.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from vau_agent.agent.backends.base import TokenChoice
from vau_agent.errors import MissingDependencyError, SettingsError
from vau_agent.schemas import CATEGORIES, Score, Value, Verdict

MIN_VERDICT_SHARE: Final = 0.5
"""Of the probability, what must lie on tokens that begin `normal` or a category; below it the token
tells too little about which of the two it is."""
MIN_EXAMPLES: Final = 30
"""Judged clips that a calibration is fitted to at least."""
MIN_OF_EACH: Final = 5
"""Of them, those of the rarer class."""

_Kind = Literal["normal", "anomalous", "inconclusive", "abstain"]
_WORDS: Final[tuple[tuple[str, _Kind], ...]] = (
    ("normal", "normal"),
    *((re.sub("[^a-z]", "", name), "anomalous") for name in CATEGORIES),
    ("anomalous", "anomalous"),
    ("anomaly", "anomalous"),
    ("inconclusive", "inconclusive"),
    ("abstain", "abstain"),
)
_BEGINNING: Final = re.compile(r"[\s\u0120\u010a\u2581\"'*`]*([a-z][a-z _-]*)", re.IGNORECASE)
"""Letters of a token, behind the marks by which tokenizers write a space or a new line."""
_EDGE: Final = 1e-6
"""Probabilities are kept this far from 0 and 1, where the logit ends."""


def anomaly_probability(choice: TokenChoice, *, may_abstain: bool = False) -> float | None:
    """Give the probability that the verdict is a category rather than `normal`.

    A token that begins words of two kinds counts for neither.

    Args:
        choice: The first token of the answer, and what else might have stood there.
        may_abstain: Whether the task offers `abstain` as an answer.

    Returns:
        A share of what lies on both; `None` when that is less than `MIN_VERDICT_SHARE`.
    """
    mass = {"normal": 0.0, "anomalous": 0.0}
    for token, logprob in {choice.token: choice.logprob, **choice.alternatives}.items():
        kind = _kind(token, may_abstain=may_abstain)
        if kind in mass and not math.isnan(logprob):
            mass[kind] += math.exp(min(0.0, logprob))
    told = sum(mass.values())
    return mass["anomalous"] / told if told >= MIN_VERDICT_SHARE else None


def score_verdict(
    verdict: Verdict, probability: float, calibration: "Calibration | None"
) -> Verdict:
    """Give the verdict the probability that it is right; one that decides nothing keeps its own.

    A verdict that its own token speaks against stays, with little confidence.
    """
    if verdict.label == "inconclusive":
        return verdict
    anomalous = calibration.apply(probability) if calibration else probability
    confidence = 1 - anomalous if verdict.label == "normal" else anomalous
    source = "calibrated" if calibration else "token"
    return verdict.model_copy(
        update={"confidence": round(min(1.0, max(0.0, confidence)), 4), "confidence_from": source}
    )


class Calibration(Value):
    """How often a token probability is right: `1 / (1 + exp(-(slope * logit + shift)))`."""

    policy: str = Field(min_length=1)
    """The policy string it was fitted for; it fits no other."""
    slope: float = Field(gt=0, allow_inf_nan=False)
    shift: float = Field(allow_inf_nan=False)
    examples: int = Field(ge=1)
    fitted_on: str
    """Which clips, in words, so that a reader knows what 'calibrated' means."""

    def apply(self, probability: float) -> float:
        """Give the calibrated probability."""
        return _logistic(self.slope * _logit(probability) + self.shift)


def fit_calibration(
    scores: Sequence[Score], labels: Sequence[bool], *, policy: str, fitted_on: str
) -> Calibration:
    """Fit Platt's curve: `scores` are token probabilities, `labels` whether a clip is anomalous.

    Targets are drawn in a little (Platt 1999), so that clips that part perfectly give no cliff.

    Raises:
        SettingsError: There are too few clips, too few of one class, or the scores tell nothing.
        MissingDependencyError: scikit-learn is not installed.
    """
    if len(scores) != len(labels):
        raise ValueError(f"{len(scores)} scores and {len(labels)} labels")
    _refuse_thin(labels)
    try:
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"fitting a calibration needs {error.name!r}; pip install 'vau-agent[local]'"
        ) from error
    anomalous = sum(labels)
    low, high = 1 / (len(labels) - anomalous + 2), (anomalous + 1) / (anomalous + 2)
    targets = [high if label else low for label in labels]
    logits = [[_logit(score)] for score in scores]
    model = LogisticRegression(C=1e6)
    model.fit(
        logits + logits,
        [1] * len(logits) + [0] * len(logits),
        sample_weight=[*targets, *(1 - target for target in targets)],
    )
    slope, shift = float(model.coef_[0][0]), float(model.intercept_[0])
    if slope <= _EDGE:
        raise SettingsError(
            f"no calibration for {policy!r}: its scores do not rise with the anomalies of "
            f"{fitted_on} (slope {slope:.3f}); its written numbers stay in use"
        )
    return Calibration(
        policy=policy, slope=slope, shift=shift, examples=len(labels), fitted_on=fitted_on
    )


def calibration_path(folder: Path, policy: str) -> Path:
    """Give the file of a policy's calibration below `folder`."""
    return folder / "calibration" / f"{hashlib.sha256(policy.encode()).hexdigest()}.json"


def save_calibration(calibration: Calibration, folder: Path) -> Path:
    """Write a calibration below `folder`; give its file."""
    path = calibration_path(folder, calibration.policy)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(calibration.model_dump_json(indent=2) + "\n", encoding="utf-8")
    part.replace(path)
    return path


def load_calibration(folder: Path, policy: str) -> Calibration | None:
    """Read a policy's calibration; `None` when it has none.

    Raises:
        SettingsError: The file cannot be read, is damaged, or was fitted for another policy.
    """
    path = calibration_path(folder, policy)
    try:
        calibration = Calibration.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(
            f"calibration {str(path)!r}: {error.strerror}; mend or move it"
        ) from error
    except ValidationError as error:
        raise SettingsError(
            f"calibration {str(path)!r} is damaged; delete it or fit it again"
        ) from error
    if calibration.policy != policy:
        raise SettingsError(
            f"calibration {str(path)!r} is of {calibration.policy!r}, not of {policy!r}; delete it"
        )
    return calibration


def _kind(token: str, *, may_abstain: bool) -> _Kind | None:
    """Tell which kind of answer a token begins; `None` when it is none or several."""
    match = _BEGINNING.match(token)
    if match is None:
        return None
    letters = re.sub("[^a-z]", "", match[1].lower())
    kinds = {
        kind
        for word, kind in _WORDS
        if (word.startswith(letters) or letters.startswith(word))
        and (may_abstain or kind != "abstain")
    }
    return kinds.pop() if len(kinds) == 1 else None


def _refuse_thin(labels: Sequence[bool]) -> None:
    rarer = min(sum(labels), len(labels) - sum(labels))
    if len(labels) < MIN_EXAMPLES or rarer < MIN_OF_EACH:
        raise SettingsError(
            f"no calibration from {len(labels)} clips, {sum(labels)} of them anomalous: it takes "
            f"{MIN_EXAMPLES} clips and {MIN_OF_EACH} of each class; judge more clips"
        )


def _logit(probability: float) -> float:
    kept = min(1 - _EDGE, max(_EDGE, probability))
    return math.log(kept / (1 - kept))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else 1 - 1 / (1 + math.exp(value))
