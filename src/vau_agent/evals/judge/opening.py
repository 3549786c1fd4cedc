"""From `phrases` or a policy string to a judge."""

from pathlib import Path

from vau_agent.errors import SettingsError
from vau_agent.evals.judge.base import Judge, PairJudge
from vau_agent.evals.judge.cache import CachedJudge, CachedPairJudge, JudgementCache
from vau_agent.evals.judge.model import ModelJudge
from vau_agent.evals.judge.phrases import NAME, PhraseJudge
from vau_agent.graphs.opening import open_policy
from vau_agent.settings import Settings


def open_judge(name: str, *, settings: Settings, cache: Path | None = None) -> Judge:
    """Open the judge that `name` tells: `phrases`, or a policy such as `openai:MODEL@URL`.

    Args:
        name: The judge.
        settings: Its endpoint, engine and models; their `policy` plays no part.
        cache: File that keeps what a model said; rules are quicker than any file.

    Raises:
        SettingsError: There is no such judge.
        MissingDependencyError: Its extra is not installed.
    """
    judge = _open(name, settings)
    if cache is None or isinstance(judge, PhraseJudge):
        return judge
    return CachedJudge(inner=judge, cache=JudgementCache(path=cache))


def open_pair_judge(name: str, *, settings: Settings, cache: Path | None = None) -> PairJudge:
    """Open a judge of pairs, as `open_judge` does."""
    judge = _open(name, settings)
    if cache is None or isinstance(judge, PhraseJudge):
        return judge
    return CachedPairJudge(inner=judge, cache=JudgementCache(path=cache))


def _open(name: str, settings: Settings) -> PhraseJudge | ModelJudge:
    if name == NAME:
        return PhraseJudge()
    if name.partition(":")[0] == "rules":
        raise SettingsError(
            f"policy 'rules' measures videos and cannot judge texts; name {NAME!r} or a policy "
            "that reads"
        )
    return ModelJudge(backend=open_policy(settings.model_copy(update={"policy": name})))
