import pytest

from vau_agent.tools.localisation.grading import hazard_texts, ordinary_texts
from vau_agent.tools.localisation.texts import WordSpace


@pytest.fixture(scope="session")
def by_words() -> WordSpace:
    """Texts compared by their words, as where no embedder's parts are at hand."""
    return WordSpace((*hazard_texts(), *ordinary_texts()))
