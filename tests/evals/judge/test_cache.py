import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.evals.judge import filling
from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.errors import GenerationError, IntegrityError
from vau_agent.evals.judge.base import JudgeCase, JudgeScores, PairCase, PairVote
from vau_agent.evals.judge.cache import (
    CachedJudge,
    CachedPairJudge,
    JudgementCache,
    judgement_key,
)
from vau_agent.evals.judge.model import ModelJudge
from vau_agent.evals.judge.phrases import PhraseJudge

REPLY = (
    '{"classification": 1, "key_matching": 2, "fluency": 3, "informativeness": 4, '
    '"factual_consistency": 5}'
)


@pytest.fixture
def cache(tmp_path: Path) -> JudgementCache:
    return JudgementCache(path=tmp_path / "judgements.sqlite")


def judge_of(cache: JudgementCache, *replies: str, name: str = "scripted:x") -> CachedJudge:
    backend = ScriptedBackend(replies, name=name)
    return CachedJudge(inner=ModelJudge(backend=backend), cache=cache)


def test_a_case_is_asked_once_and_survives_the_process(
    cache: JudgementCache, robbery_case: JudgeCase
) -> None:
    first = judge_of(cache, REPLY).judge(robbery_case)
    again = judge_of(cache).judge(robbery_case)  # nothing left to say

    assert first == again
    assert again.total == 15


def test_a_malformed_reply_is_remembered_as_one(
    cache: JudgementCache, robbery_case: JudgeCase
) -> None:
    first = judge_of(cache, "no", "no").judge(robbery_case)

    assert first.malformed
    assert judge_of(cache).judge(robbery_case) == first


def test_another_judge_wording_or_answer_is_asked_anew(
    cache: JudgementCache, robbery_case: JudgeCase
) -> None:
    judge_of(cache, REPLY).judge(robbery_case)
    other = robbery_case.model_copy(update={"candidate": robbery_case.candidate.model_copy()})
    assert judge_of(cache).judge(other)

    with pytest.raises(GenerationError):
        judge_of(cache, name="scripted:y").judge(robbery_case)
    with pytest.raises(GenerationError):
        judge_of(cache).judge(filling.case(1))
    reworded = ModelJudge(backend=ScriptedBackend([], name="scripted:x"), max_new_tokens=9)
    with pytest.raises(GenerationError):
        CachedJudge(inner=reworded, cache=cache).judge(robbery_case)


def test_a_judge_that_could_not_be_asked_leaves_nothing(
    cache: JudgementCache, robbery_case: JudgeCase
) -> None:
    with pytest.raises(GenerationError):
        judge_of(cache).judge(robbery_case)

    assert judge_of(cache, REPLY).judge(robbery_case).total == 15


def test_both_orders_of_a_pair_are_kept_apart(
    cache: JudgementCache, robbery_case: JudgeCase
) -> None:
    answer = robbery_case.candidate
    pair = PairCase(
        reference=robbery_case.reference,
        first=answer,
        second=answer.model_copy(update={"analysis": ""}),
    )
    replies = ['{"better": "first"}', '{"better": "tie"}']
    inner = ModelJudge(backend=ScriptedBackend(replies))
    judge = CachedPairJudge(inner=inner, cache=cache)

    asked = [judge.vote(one).better for one in (pair, pair.swapped, pair, pair.swapped)]

    assert asked == ["first", "tie", "first", "tie"]
    assert judge.vote(pair) == PairVote(better="first")


def test_of_two_at_once_whoever_was_first_stays(
    cache: JudgementCache, robbery_case: JudgeCase
) -> None:
    key = judgement_key("j", "d", robbery_case)
    cache.keep(key, judge="j", digest="d", said=JudgeScores(fluency=1))
    cache.keep(key, judge="j", digest="d", said=JudgeScores(fluency=2))

    assert cache.find(key, JudgeScores) == JudgeScores(fluency=1)


@pytest.mark.slow
def test_processes_share_the_file_and_a_killed_one_harms_nobody(cache: JudgementCache) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, filling.__file__, str(cache.path), str(start)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for start in (0, 5)  # the ranges overlap
    ]
    done = set()
    for child in started:
        assert child.stdout is not None
        done |= {int(child.stdout.readline()) for _ in range(20)}
    for child in started:
        child.kill()
        child.communicate()

    judge = PhraseJudge()
    for number in done:
        case = filling.case(number)
        key = judgement_key(judge.name, judge.digest, case)
        assert cache.find(key, JudgeScores) == judge.judge(case)


def test_a_damaged_entry_is_named_and_not_believed(
    cache: JudgementCache, robbery_case: JudgeCase
) -> None:
    judge_of(cache, REPLY).judge(robbery_case)
    with closing(sqlite3.connect(cache.path)) as connection, connection:
        connection.execute("UPDATE judgements SET said = '{\"fluency\": 99}'")

    with pytest.raises(IntegrityError, match="judge anew"):
        judge_of(cache).judge(robbery_case)


def test_what_is_no_database_is_refused_in_plain_words(
    cache: JudgementCache, robbery_case: JudgeCase
) -> None:
    cache.path.write_text("not a database" * 100)

    with pytest.raises(IntegrityError, match="damaged"):
        judge_of(cache, REPLY).judge(robbery_case)
