import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vau_agent.errors import ParseError
from vau_agent.evals.adapters.verdicts import read_verdict, verdict_prompt, write_verdict
from vau_agent.evals.records import Opinion
from vau_agent.schemas import Segment

SHARES = st.none() | st.floats(0, 1)
SEGMENTS = st.builds(
    lambda start, length: Segment(start=start, end=start + length),
    st.floats(0, 1000),
    st.floats(0.1, 100),
)
OPINIONS = st.builds(
    Opinion,
    label=st.sampled_from(["normal", "anomalous", "inconclusive"]),
    category=st.none() | st.text(max_size=20),
    events=st.lists(SEGMENTS, max_size=3).map(tuple),
    confidence=SHARES,
)


@given(opinion=OPINIONS)
def test_a_verdict_is_read_as_it_was_written(opinion: Opinion) -> None:
    assert read_verdict(write_verdict(opinion)) == opinion


@pytest.mark.parametrize("fence", ["```", "```json"])
def test_a_code_fence_is_taken_off(fence: str) -> None:
    text = f'{fence}\n{{"label": "anomalous", "segments": [[1, 2.5]]}}\n```\n'

    assert read_verdict(text).events == (Segment(start=1, end=2.5),)


GOOD = {"label": "anomalous", "category": "fire", "segments": [[1, 2]], "confidence": 0.5}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anomalous",
        "[]",
        json.dumps(GOOD) * 2,
        f"It is: {json.dumps(GOOD)}",
        json.dumps(GOOD | {"label": "Abnormal"}),
        json.dumps(GOOD | {"segments": [[2, 1]]}),
        json.dumps(GOOD | {"segments": [[-1, -1]]}),
        json.dumps(GOOD | {"segments": [[1]]}),
        json.dumps(GOOD | {"segments": [[1, float("inf")]]}),
        json.dumps(GOOD).replace("2]", "1e999]"),
        json.dumps(GOOD | {"segments": "all"}),
        json.dumps(GOOD | {"confidence": 2}),
        json.dumps(GOOD | {"why": "because"}),
        '{"label": "normal", "label": "anomalous"}',
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read_verdict(text)


def test_the_prompt_names_every_field() -> None:
    told = json.loads(write_verdict(Opinion(label="normal")))

    assert all(f'"{name}"' in verdict_prompt().text for name in told)
