import pytest
from pydantic import ValidationError

from vau_agent.tools.localisation.base import LocalisationSettings, Observation


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        ("similar", 1, 0),
        ("neighbours", 1, 0),
        ("sharpness", 1e-9, 0.0),
        ("least_peak", 1e-9, 0.0),
        ("scales", (1e-9,), (1.0, 0.0)),
        ("scales", (1.0, 2.0), ()),
        ("scales", (1.0,), (1.0, float("nan"))),
        ("alarm", 1.0, 1.0001),
        ("alarm", 0.35, 0.3499),  # below the usual hold
        ("hold", 0.5, 0.5001),  # above the usual alarm
        ("hold", 1e-9, 0.0),
    ],
)
def test_a_number_is_taken_up_to_its_limit(field: str, inside: object, outside: object) -> None:
    taken = LocalisationSettings.model_validate({field: inside})

    assert getattr(taken, field) == inside
    with pytest.raises(ValidationError):
        LocalisationSettings.model_validate({field: outside})


def test_an_observation_is_a_verdict_and_a_sentence_and_nothing_else() -> None:
    assert set(Observation.model_fields) == {"verdict", "sentence"}
    with pytest.raises(ValidationError):
        Observation.model_validate({"verdict": 1, "sentence": "", "label": "Fighting"})
    with pytest.raises(ValidationError):
        Observation(verdict=1.01, sentence="")
