import re
from itertools import pairwise

import pytest

from vau_agent.agent.backends.scripted import ScriptedBackend
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.parsing import (
    parse_answer,
    parse_reasoning,
    parse_reflection,
    parse_verification,
)
from vau_agent.agent.policy import Policy
from vau_agent.schemas import Reasoning, Reflection, Verdict
from vau_agent.training.answers import RIGHT_IOU, is_right
from vau_agent.training.chains import Row, RowMaker, opening_key
from vau_agent.training.openings import Opening

Taught = list[tuple[Opening, Row]]


@pytest.fixture(scope="module")
def taught(maker: RowMaker) -> Taught:
    return [
        (maker.opening(place, variant), maker.row(place, variant))
        for variant in range(maker.config.variants)
        for place in range(len(maker.store))
    ]


def said(row: Row, place: int) -> str:
    return row.conversation.messages[place].text


def test_every_row_teaches_something_and_equal_seeds_give_equal_rows(
    maker: RowMaker, taught: Taught
) -> None:
    rows = [row for _, row in taught]

    assert all(row.learned for row in rows)
    assert rows == list(maker.rows())


def test_every_stage_is_taught(taught: Taught) -> None:
    stages = {row.conversation.messages[place].stage for _, row in taught for place in row.learned}

    assert stages == {"initial_reason", "self_reflect", "revise", "verify", "answer"}


def test_completions_parse_back_to_the_truth(taught: Taught) -> None:
    for opening, row in taught:
        for place in row.learned:
            stage = row.conversation.messages[place].stage
            if stage in ("initial_reason", "revise"):
                verdict = parse_reasoning(said(row, place), limits=opening.window).verdict
                assert verdict.category == opening.truth.category
                assert_near(verdict, opening)
            elif stage == "self_reflect":
                assert parse_reflection(said(row, place)).text
            elif stage == "verify":
                assert parse_verification(said(row, place)).text
            else:
                assert parse_answer(said(row, place))


def assert_near(verdict: Verdict, opening: Opening) -> None:
    """A segment to learn overlaps the truth, as far as the frames are dense enough to tell."""
    truth = opening.truth.segment
    assert (verdict.segment is None) == (truth is None)
    if truth is not None and truth.duration > opening.window.duration / 4:
        assert verdict.segment is not None
        assert verdict.segment.iou(truth) >= RIGHT_IOU


def test_a_reflection_accepts_exactly_what_is_right(taught: Taught) -> None:
    verdicts = {True: 0, False: 0}
    for opening, row in taught:
        for place in row.learned:
            if row.conversation.messages[place].stage != "self_reflect":
                continue
            answered = parse_reasoning(said(row, place - 2)).verdict
            accepted = parse_reflection(said(row, place)).accept
            is_revised = row.conversation.messages[place - 2].stage == "revise"
            assert accepted == (is_right(answered, opening.truth) or is_revised)
            verdicts[accepted] += 1

    assert min(verdicts.values()) >= 10


def test_times_to_learn_are_written_before_them(taught: Taught) -> None:
    for _, row in taught:
        for place in row.learned:
            before = "\n".join(one.text for one in row.conversation.messages[:place])
            interval = re.search(r"<glue>\[([\d.]+), ([\d.]+)\]", said(row, place))
            if interval is not None and row.conversation.messages[place].stage != "verify":
                written = set(re.findall(r"\d+\.\d", before))
                assert {f"{float(one):.1f}" for one in interval.groups()} <= written


def test_a_wrong_first_answer_is_never_learned(taught: Taught) -> None:
    wrong = [
        (opening.truth, row)
        for opening, row in taught
        if row.conversation.messages[2].stage == "initial_reason" and 2 not in row.learned
    ]

    assert len(wrong) >= 10
    for truth, row in wrong:
        assert not is_right(parse_reasoning(said(row, 2)).verdict, truth)


def test_wording_does_not_tell_a_wrong_answer_from_a_right_one(
    maker: RowMaker, taught: Taught
) -> None:
    known = {record.truth.caption.rstrip(".") for record in maker.store.records}
    shown = {record.truth.category for record in maker.store.records}
    for _, row in taught:
        if row.conversation.messages[2].stage != "initial_reason" or 2 in row.learned:
            continue
        reasoning = parse_reasoning(said(row, 2))
        if reasoning.verdict.category in shown:
            assert reasoning.claims[0].text.rstrip(".") in known


def test_prompts_equal_those_of_an_analysis(maker: RowMaker, taught: Taught) -> None:
    """The agent's policy asks the same, whoever answers."""
    for opening, row in taught[:40]:
        first = row.conversation.messages[1]
        if first.stage != "initial_reason":
            continue
        backend = ScriptedBackend([said(row, 2)], profile=maker.profile)
        policy = Policy(backend=backend, run_id="analysis")
        turn = policy.initial_reason(opening.evidence)

        assert turn.conversation == Conversation(messages=row.conversation.messages[:3])


def test_any_time_can_be_copied(taught: Taught) -> None:
    starts = {opening.start for opening, _ in taught}
    numbers = {opening.number for opening, _ in taught}

    assert 0.0 in starts
    assert max(starts) > 600
    assert len(numbers) > 40


def test_frames_of_a_conversation_have_ids_of_their_own_and_are_shown_once(taught: Taught) -> None:
    for _, row in taught:
        ids = [frame.frame_id for frame in row.conversation.frames]
        assert len(ids) == len(set(ids))
        for one, other in pairwise(row.conversation.messages):
            assert one.role != other.role or one.role == "system"


def test_a_policy_s_own_answer_is_reflected_on(maker: RowMaker) -> None:
    own = Reasoning.model_validate(
        {"claims": ({"text": "A person climbs"},), "verdict": {"label": "normal"}}
    )
    place = next(
        place for place, one in enumerate(maker.store.records) if one.truth.category is not None
    )
    changed = {opening_key(place, variant): own for variant in range(maker.config.variants)}
    asking = RowMaker(
        store=maker.store,
        clips=maker.clips,
        config=maker.config.model_copy(update={"reflected": 1.0, "verified": 0.0}),
        profile=maker.profile,
        detect=maker.detect,
        own=changed,
    )

    row = asking.row(place, 0)

    assert "A person climbs" in said(row, 2)
    assert 2 not in row.learned
    reflection: Reflection = parse_reflection(said(row, 4))
    assert not reflection.accept
    assert reflection.calls[0].tool == "zoom"


@pytest.mark.parametrize("variant", [0, 1])
def test_what_a_policy_is_asked_is_what_its_row_opens_with(maker: RowMaker, variant: int) -> None:
    asked = dict(maker.asked())
    for place in range(len(maker.store)):
        row = maker.row(place, variant)
        if row.conversation.messages[1].stage == "initial_reason":
            opened = Conversation(messages=row.conversation.messages[:2])
            assert asked[opening_key(place, variant)] == opened
