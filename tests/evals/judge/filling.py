"""Fills a cache of judgements without end, to be killed: `python filling.py FILE FROM`."""

import sys
from pathlib import Path

from vau_agent.evals.judge.base import Candidate, JudgeCase, Reference
from vau_agent.evals.judge.cache import CachedJudge, JudgementCache
from vau_agent.evals.judge.phrases import PhraseJudge


def case(number: int) -> JudgeCase:
    """Give the case of a number."""
    reference = Reference(category="Fire", description=f"bin {number} burns")
    return JudgeCase(reference=reference, candidate=Candidate(analysis="Fire in a bin."))


def main(path: Path, number: int) -> None:
    judge = CachedJudge(inner=PhraseJudge(), cache=JudgementCache(path=path))
    while True:
        judge.judge(case(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
