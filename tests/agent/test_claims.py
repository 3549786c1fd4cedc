import pytest

from vau_agent.agent.claims import escape, render_claims, split_claims, unescape
from vau_agent.schemas import Claim


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He runs. He falls.", ["He runs.", "He falls."]),
        ("He runs. he falls.", ["He runs.", "he falls."]),
        ("At 16.5 s he runs.", ["At 16.5 s he runs."]),
        ("He falls at 00:16. He gets up at 1:02:03.5!", None),
        ("It is approx. 3 m away. It stays.", ["It is approx. 3 m away.", "It stays."]),
        ("A vehicle, e.g. a van, stops.", ["A vehicle, e.g. a van, stops."]),
        ("It ends at 3 p.m. on camera 2.", ["It ends at 3 p.m. on camera 2."]),
        ("Dr. B. Smith vs. him.", ["Dr. B. Smith vs. him."]),
        ("Is it a fight? No!", ["Is it a fight?", "No!"]),
        ("He waits… Then he runs.", ["He waits…", "Then he runs."]),
        ('He shouts "stop." Then he runs.', ['He shouts "stop."', "Then he runs."]),
        ("(He runs.) He falls.", ["(He runs.)", "He falls."]),
        ("- He runs\n- He falls", ["He runs", "He falls"]),
        ("1. He runs.\n2) He falls.", ["He runs.", "He falls."]),
        ("He runs\n\nHe falls", ["He runs", "He falls"]),
        ("He runs along\nthe wall.", ["He runs along the wall."]),
        ("He runs at 3 p.m.\nHe falls.", ["He runs at 3 p.m.", "He falls."]),
        ("Version 2.0.1 of it.", ["Version 2.0.1 of it."]),
        ("No end", ["No end"]),
        ("...", []),
        ("", []),
        ("[f1 f2]", []),
    ],
)
def test_sentences_are_cut_where_they_end(text: str, sentences: list[str] | None) -> None:
    wanted = ["He falls at 00:16.", "He gets up at 1:02:03.5!"] if sentences is None else sentences

    assert [claim.text for claim in split_claims(text)] == wanted


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("He runs [f1].", [("He runs.", ("f1",))]),
        ("He runs. [f1 f2]", [("He runs.", ("f1", "f2"))]),
        ("He runs. [f1, f2] He falls. [f3]", [("He runs.", ("f1", "f2")), ("He falls.", ("f3",))]),
        ("He runs.[f1] He falls.", [("He runs.", ("f1",)), ("He falls.", ())]),
        ("He runs. [f1] [f2]", [("He runs.", ("f1", "f2"))]),
        ("In [f1] he runs to [f2] the door.", [("In he runs to the door.", ("f1", "f2"))]),
        ("He runs [f1 f1].", [("He runs.", ("f1",))]),
        ("At 3 p.m. [f1] He runs.", [("At 3 p.m.", ("f1",)), ("He runs.", ())]),
        ("He runs [see f1].", [("He runs [see f1].", ())]),
        ("Array [1, 2] stays.", [("Array [1, 2] stays.", ())]),
    ],
)
def test_citations_go_with_their_sentence(
    text: str, claims: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert split_claims(text) == tuple(Claim(text=said, frames=ids) for said, ids in claims)


@pytest.mark.parametrize("text", ["</think>", "&lt;", "a < b && c", "&amp;lt;", "plain"])
def test_escaping_hides_tags_and_is_undone(text: str) -> None:
    assert "<" not in escape(text)
    assert unescape(escape(text)) == text


def test_a_claim_without_a_full_stop_gets_one() -> None:
    assert render_claims((Claim(text="He runs", frames=("f1",)),)) == "He runs. [f1]"
