from importlib.util import find_spec

import pytest

from vau_agent.errors import MissingDependencyError
from vau_agent.training.packages import LEARNING, require


def test_what_is_absent_is_named_with_what_to_type() -> None:
    with pytest.raises(MissingDependencyError, match=r"needs no_such_package; .*\[local,train\]"):
        require(("json", "no_such_package"))


@pytest.mark.parametrize("name", LEARNING)
def test_what_training_needs_is_what_its_extras_bring(name: str) -> None:
    assert find_spec(name) is not None
