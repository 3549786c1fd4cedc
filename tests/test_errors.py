import inspect

import pytest

from vau_agent import errors
from vau_agent.errors import VauAgentError

TREE = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, VauAgentError)
]
CODES = {
    "BackendError": 4,
    "BenchmarkError": 3,
    "BlobError": 8,
    "BudgetExceededError": 6,
    "CheckpointError": 8,
    "ClipIndexError": 8,
    "ContextOverflowError": 4,
    "EvaluationError": 3,
    "GenerationError": 4,
    "IntegrityError": 8,
    "JournalError": 1,
    "MetricError": 3,
    "MissingDependencyError": 7,
    "ModelError": 7,
    "PredictionError": 3,
    "SegmentOutOfRangeError": 2,
    "SettingsError": 2,
    "VideoDecodeError": 3,
    "VideoError": 3,
    "VideoOpenError": 3,
}
"""What scripts may rely on; an error that is not listed ends with 1."""


@pytest.mark.parametrize("error", TREE, ids=lambda error: error.__name__)
def test_every_error_has_the_exit_code_that_is_promised(error: type[VauAgentError]) -> None:
    assert error.exit_code == CODES.get(error.__name__, 1)


def test_the_drawn_tree_names_every_error() -> None:
    drawn = errors.__doc__ or ""

    assert [error.__name__ for error in TREE if error.__name__ not in drawn] == []


def test_a_refused_video_says_why_in_a_word() -> None:
    error = errors.VideoOpenError("'x.mp4' is empty; copy it again", kind="empty")

    assert error.kind == "empty"
    assert str(error) == "'x.mp4' is empty; copy it again"


def test_an_unreadable_completion_is_kept() -> None:
    assert errors.ParseError("no verdict", completion="well").completion == "well"
