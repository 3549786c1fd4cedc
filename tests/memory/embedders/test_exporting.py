import logging
import warnings

import numpy as np
import pytest

from vau_agent.memory.embedders.exporting import compare, without_remarks
from vau_agent.memory.embedders.probes import MOMENTS, draw_probes
from vau_agent.memory.embedders.squares import to_unit

VECTORS = to_unit(np.random.default_rng(1).normal(size=(40, 8)).astype(np.float32))


def test_vectors_agree_with_themselves() -> None:
    assert compare(VECTORS, VECTORS, nearest=5) == pytest.approx((1.0, 1.0))


def test_vectors_that_were_mixed_up_find_others() -> None:
    found = compare(VECTORS, VECTORS[::-1].copy(), nearest=5)

    assert found.cosine < 0.5
    assert found.recall < 0.5


def test_turning_the_whole_space_changes_the_vectors_and_not_what_is_found() -> None:
    found = compare(VECTORS, -VECTORS, nearest=5)

    assert found.cosine == pytest.approx(-1.0)
    assert found.recall == 1.0


def test_a_picture_does_not_count_as_its_own_neighbour() -> None:
    # a, b and a', b': the one nearest to each is its twin, afterwards it is not
    line = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], dtype=np.float32)
    crossed = line[[0, 2, 1, 3]]

    assert compare(to_unit(line), to_unit(crossed), nearest=1).recall == 0.0


def test_probes_are_the_same_every_time_and_differ_from_one_another() -> None:
    drawn = draw_probes(3 * MOMENTS, 48)

    assert drawn.shape == (3 * MOMENTS, 48, 48, 3)
    assert np.array_equal(drawn, draw_probes(3 * MOMENTS, 48))
    changes = np.abs(np.diff(drawn.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
    within = [change for at, change in enumerate(changes, 1) if at % MOMENTS]
    between = [change for at, change in enumerate(changes, 1) if at % MOMENTS == 0]
    assert 0 < max(within) < min(between)


def test_what_libraries_say_stays_unsaid_and_what_we_say_is_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = list(logging.getLogger().handlers)

    with without_remarks():
        logging.warning("from a library")
        logging.getLogger("onnxscript.optimizer").warning("from the exporter")
        warnings.warn("also from a library", stacklevel=1)
        logging.getLogger("vau_agent.memory").warning("from us")

    assert [record.message for record in caplog.records] == ["from us"]
    assert logging.getLogger().handlers == before
