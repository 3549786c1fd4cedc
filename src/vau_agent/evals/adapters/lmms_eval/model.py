"""The agent as a model of lmms-eval: `--model vau_agent --model_args policy=rules,out=FOLDER`.

lmms-eval finds it by its entry point. Any task that asks one thing of one video can be put to it;
`vau_verdict` is answered with the verdict itself, anything else as a question about the run.
"""

from pathlib import Path

from lmms_eval.api.instance import Instance
from lmms_eval.api.model import lmms
from lmms_eval.models.registry_v2 import ModelManifest

from vau_agent.evals.adapters.asking import agent_settings, answer


class VauAgent(lmms):
    """Answers about one video at a time."""

    def __init__(self, policy: str = "rules", out: str = "vau-out/lmms-eval", **_: object) -> None:
        super().__init__()
        self._settings = agent_settings(policy, Path(out))

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Answer each request from its video and its text, and from nothing else of its row."""
        return [self._answer(request) for request in requests]

    def generate_until_multi_round(self, requests: list[Instance]) -> list[str]:
        """Refuse: the agent asks itself what it needs."""
        raise NotImplementedError("vau_agent answers in one round")

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Refuse: the agent writes answers and weighs none that are given."""
        raise NotImplementedError("vau_agent gives no likelihoods; use tasks that generate")

    def _answer(self, request: Instance) -> str:
        text, _, doc_to_visual, number, task, split = request.args
        visuals = doc_to_visual(self.task_dict[task][split][number])
        if len(visuals) != 1 or not isinstance(visuals[0], str):
            raise ValueError(f"vau_agent looks at one video file, task {task!r} gives {visuals!r}")
        return answer(Path(visuals[0]), text, self._settings)


def manifest() -> ModelManifest:
    """Tell lmms-eval where the model is."""
    return ModelManifest(model_id="vau_agent", simple_class_path=f"{__name__}.{VauAgent.__name__}")
