import pytest

from vau_agent.agent.backends.rules.backend import RulesBackend
from vau_agent.agent.policy import Policy
from vau_agent.testing import ImaginedVideo


@pytest.fixture
def video() -> ImaginedVideo:
    return ImaginedVideo()


@pytest.fixture
def rules() -> Policy:
    return Policy(backend=RulesBackend(), run_id="run-1")
