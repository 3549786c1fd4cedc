import pytest

from vau_agent.agent.backends.transformers.exhaustion import is_out_of_memory

torch = pytest.importorskip("torch")


def test_an_allocation_that_no_machine_has_room_for_is_told() -> None:
    with pytest.raises((RuntimeError, MemoryError)) as raised:
        torch.empty(1 << 55, dtype=torch.uint8)

    assert is_out_of_memory(raised.value)


def test_another_failure_is_not_taken_for_it() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.zeros(2, 3) @ torch.zeros(2, 3)

    assert not is_out_of_memory(raised.value)
    assert is_out_of_memory(MemoryError())
