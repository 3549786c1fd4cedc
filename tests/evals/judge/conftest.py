import pytest

from vau_agent.evals.judge.base import Candidate, JudgeCase, Reference
from vau_agent.evals.samples import Dataset, Sample, Truth


@pytest.fixture
def robbery() -> Reference:
    return Reference(
        category="Robbery",
        key_objects=("man in grey hood", "counter", "cash box", "clerk with raised hands"),
        description="A man in a grey hood leans over the counter and takes the cash box.",
        reasoning="The clerk raises both hands, which marks a robbery.",
    )


@pytest.fixture
def robbery_case(robbery: Reference) -> JudgeCase:
    told = Candidate(
        description="A man with a grey hood stands at the counter.",
        analysis="This is a robbery: he takes the cash box while others watch.",
    )
    return JudgeCase(reference=robbery, candidate=told)


@pytest.fixture
def judged_set() -> Dataset:
    """Four samples with references, and one that nobody described."""
    told = (
        ("s1", "Robbery", "counter", "A man takes money from the counter of a shop."),
        ("s2", "Fire", "burning bin", "Flames rise from a burning bin beside a wall."),
        ("s3", "Traffic_accident", "white van", "A white van hits a cyclist at the crossing."),
        ("s4", None, "escalator", "People ride an escalator in a station, all is normal."),
    )
    samples = [
        Sample(
            id=name,
            source="made-up",
            video=f"{name}.mp4",
            truth=Truth(anomalous=category is not None, category=category),
            key_objects=(thing,),
            description=text,
        )
        for name, category, thing, text in told
    ]
    bare = Sample(id="s5", source="made-up", video="s5.mp4", truth=Truth(anomalous=False))
    return Dataset(benchmark="made-up", annotation="by hand", samples=(*samples, bare))
