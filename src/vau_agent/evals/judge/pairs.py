"""Which of two systems answers better: each pair is asked in both orders.

A preference counts only when both orders agree on the answer; else the pair is a tie. How often the
judge went for the same place instead is the position-bias rate, printed beside.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final, Literal

from vau_agent.errors import BackendError, BenchmarkError
from vau_agent.evals.judge.base import Candidate, PairCase, PairJudge, PairVote, Reference
from vau_agent.evals.judge.scoring import has_reference, reference_of
from vau_agent.evals.samples import Dataset, Gap
from vau_agent.evals.significance import mcnemar, wilson
from vau_agent.evals.tables import Estimate, Row, Table
from vau_agent.schemas import Value

Winner = Literal["a", "b", "tie"]

_AS_SHOWN: Final[dict[str, Winner]] = {"first": "a", "second": "b", "tie": "tie"}
_SWAPPED: Final[dict[str, Winner]] = {"first": "b", "second": "a", "tie": "tie"}
_log = logging.getLogger(__name__)


class PairVerdict(Value):
    """What both orders come to."""

    winner: Winner
    votes: tuple[PairVote, PairVote]
    """With `a` first, then with `b` first."""

    @property
    def biased(self) -> bool:
        """Whether the judge went for the same place in both orders, whatever stood there."""
        one, other = self.votes
        return one.better == other.better != "tie"

    @property
    def malformed(self) -> int:
        """Replies that could not be read, 0 to 2."""
        return sum(vote.malformed is not None for vote in self.votes)


def compare_pair(reference: Reference, a: Candidate, b: Candidate, judge: PairJudge) -> PairVerdict:
    """Ask in both orders.

    Raises:
        BackendError: The judge could not be asked.
    """
    case = PairCase(reference=reference, first=a, second=b)
    votes = (judge.vote(case), judge.vote(case.swapped))
    winners = {_AS_SHOWN[votes[0].better], _SWAPPED[votes[1].better]}
    return PairVerdict(winner=winners.pop() if len(winners) == 1 else "tie", votes=votes)


def compare_candidates(
    dataset: Dataset,
    a: Mapping[str, Candidate],
    b: Mapping[str, Candidate],
    judge: PairJudge,
) -> Table:
    """Compare two systems on the samples that both answered.

    Raises:
        BenchmarkError: There is no such sample.
        BackendError: The judge could not be asked even once.
    """
    gaps = list(dataset.gaps)
    verdicts: list[PairVerdict] = []
    failure: BackendError | None = None
    for sample in filter(has_reference, dataset.samples):
        if sample.id not in a or sample.id not in b:
            lacking = [name for name, answers in (("a", a), ("b", b)) if sample.id not in answers]
            detail = f"no answer of {' and '.join(lacking)}; not compared"
            gaps.append(Gap(id=sample.id, kind="missing-prediction", detail=detail))
            continue
        try:
            verdict = compare_pair(reference_of(sample), a[sample.id], b[sample.id], judge)
        except BackendError as error:
            _log.warning("judge %r failed: %s", judge.name, error)
            failure = error
            gaps.append(Gap(id=sample.id, kind="failed", detail=f"{error}; not compared"))
            continue
        verdicts.append(verdict)
        gaps.extend(
            Gap(id=sample.id, kind="unreadable", detail=f"{vote.malformed}; counts as a tie")
            for vote in verdict.votes
            if vote.malformed is not None
        )
    if not verdicts:
        if failure is not None:
            raise failure
        raise BenchmarkError(
            f"no sample of {dataset.benchmark!r} has a reference and an answer of both systems; "
            "compare runs of one benchmark that has references, e.g. vau-bench"
        )
    return _table(dataset, judge, verdicts, gaps)


def _table(
    dataset: Dataset, judge: PairJudge, verdicts: list[PairVerdict], gaps: list[Gap]
) -> Table:
    def share(holds: Callable[[PairVerdict], bool]) -> Estimate:
        return wilson(sum(map(holds, verdicts)), len(verdicts)).estimate()

    wins_a = sum(verdict.winner == "a" for verdict in verdicts)
    wins_b = sum(verdict.winner == "b" for verdict in verdicts)
    metrics = {
        "a_wins": share(lambda verdict: verdict.winner == "a"),
        "b_wins": share(lambda verdict: verdict.winner == "b"),
        "ties": share(lambda verdict: verdict.winner == "tie"),
        "sign_test_p": Estimate(value=mcnemar(wins_a, wins_b), n=wins_a + wins_b),
        "position_bias": share(lambda verdict: verdict.biased),
        "malformed": Estimate(
            value=sum(verdict.malformed for verdict in verdicts), n=2 * len(verdicts)
        ),
    }
    return Table(
        title=f"Judge's preference: {dataset.benchmark}",
        rows=(Row(name="a against b", metrics=metrics),),
        conventions={
            "annotation": dataset.annotation,
            "judge": judge.name,
            "judge's digest": judge.digest[:16],
            "orders": "both; a preference counts when they agree, else the pair is a tie",
        },
        gaps=tuple(gaps),
    )
