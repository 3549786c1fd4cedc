from pathlib import Path

import pytest

from tests.evals.replay.made_videos import answers, truths, write
from vau_agent.evals.replay.localising import Replayer
from vau_agent.tools.localisation.grading import Grader, hazard_texts, ordinary_texts
from vau_agent.tools.localisation.texts import WordSpace


@pytest.fixture(scope="session")
def word_replayer() -> Replayer:
    """Localises with sentences compared by their words."""
    space = WordSpace((*hazard_texts(), *ordinary_texts()))
    return Replayer(space=space, grader=Grader.open(space, similar=10))


@pytest.fixture
def made_truth(tmp_path: Path) -> Path:
    """The annotation of the ten videos."""
    return write(tmp_path / "UCF_Eval.json", truths())


@pytest.fixture
def made_recording(tmp_path: Path) -> Path:
    """The recorded answers about them."""
    return write(tmp_path / "responses.json", answers())
