import pytest

from vau_agent.agent.backends.base import Completion, GenerationSettings
from vau_agent.agent.backends.rules.backend import RulesBackend
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import DEFAULT_PROFILE
from vau_agent.graphs.planning import plan_analysis, plan_index
from vau_agent.results import ModelCard
from vau_agent.schemas import VideoInfo
from vau_agent.settings import AnalysisSettings, BudgetSettings, Settings
from vau_agent.tools.video.synthetic import SyntheticReader


class Server:
    """A policy elsewhere; planning never asks it."""

    name = "openai:some-model@http://gpu-box:8000/v1"
    card = ModelCard(id="some-model", endpoint="gpu-box:8000")
    profile = DEFAULT_PROFILE

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        raise AssertionError("a plan asks nothing")


@pytest.fixture
def video(fire: SyntheticReader) -> VideoInfo:
    return fire.info


def test_a_plan_names_the_host_that_frames_would_go_to(video: VideoInfo) -> None:
    assert plan_analysis(video, Settings(), Server()).destination == "gpu-box:8000"
    assert plan_analysis(video, Settings(), RulesBackend()).destination == "in this process"


def test_only_a_policy_with_a_tokenizer_costs_tokens_and_second_tries(video: VideoInfo) -> None:
    model, rules = (plan_analysis(video, Settings(), one) for one in (Server(), RulesBackend()))

    assert rules.tokens == (0, 0)
    assert 0 < model.tokens[0] < model.tokens[1]
    assert model.calls[1] == 2 * rules.calls[1]


def test_more_rounds_plan_more_of_everything(video: VideoInfo) -> None:
    few, many = (
        plan_analysis(video, Settings(analysis=AnalysisSettings(max_rounds=rounds)), Server())
        for rounds in (0, 2)
    )

    assert few.calls[1] < many.calls[1]
    assert few.tokens[1] < many.tokens[1]
    assert few.frames[1] < many.frames[1]


@pytest.mark.parametrize(("most", "limited"), [(1, True), (7, True), (14, False)])
def test_limits_cut_the_upper_ends_and_are_named(
    video: VideoInfo, most: int, limited: bool
) -> None:
    settings = Settings(budget=BudgetSettings(max_calls=most))

    plan = plan_analysis(video, settings, Server())

    assert plan.calls[1] == min(most, 14)
    assert plan.limited_by == ((f"--max-calls {most}",) if limited else ())


@pytest.mark.parametrize(("known", "frames"), [(False, (1, 11)), (True, (0, 0))])
def test_a_searchable_video_is_not_embedded_again(known: bool, frames: tuple[int, int]) -> None:
    assert plan_index(10.0, 1.0, "conse", known=known).frames == frames
