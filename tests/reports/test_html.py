import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from vau_agent.errors import BlobError
from vau_agent.reports.html import CONTENT_POLICY, render_report
from vau_agent.results import Clip, ModelCard, Result
from vau_agent.schemas import Claim

LoadPicture = Callable[[str], bytes]
VOID = {"meta", "img", "br", "link", "input", "path", "circle", "rect"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}</title></style>\u202e"


class Page(HTMLParser):
    """Every element of a page, in order; fails on elements that are not closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> repeats an attribute"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in {"style", "script"}:
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def page(anomalous: Result, pictures: LoadPicture, cut: tuple[tuple[Clip, ...], object]) -> Page:
    return Page(render_report(anomalous, load_picture=pictures, clips=cut[0], journal_head="ab12"))


def test_every_kind_of_result_is_well_formed(
    all_results: tuple[Result, ...], pictures: LoadPicture
) -> None:
    for result in all_results:
        words = Page(render_report(result, load_picture=pictures)).text
        assert result.verdict.label.capitalize() in words


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    places = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "poster", "data", "action", "xlink:href"}
    ]
    assert places
    for place in places:
        assert place is not None
        assert place.startswith(("#", "data:image/jpeg;base64,", "./clips/", "./thumbs/"))
    assert page.all("link") == []


def test_styles_and_scripts_name_no_address(anomalous: Result, pictures: LoadPicture) -> None:
    text = render_report(anomalous, load_picture=pictures)
    blocks = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", text, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        assert re.search(r"https?:|url\(|@import|fetch\(|import\(|innerHTML|eval\(", block) is None


def test_content_policy_is_in_force(page: Page) -> None:
    (policy,) = [meta for meta in page.all("meta") if meta.get("http-equiv")]
    assert policy["content"] == CONTENT_POLICY
    assert CONTENT_POLICY.startswith(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "script-src 'unsafe-inline'; media-src 'self'"
    )


def test_headings_descend_without_gaps(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_landmarks_and_names_are_there(page: Page) -> None:
    for landmark in ("header", "main", "nav", "footer"):
        assert len(page.all(landmark)) == 1
    assert page.all("html") == [{"lang": "en"}]
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for attribute in ("aria-labelledby", "aria-describedby"):
        used = {attributes[attribute] for _, attributes in page.elements if attribute in attributes}
        assert used <= set(identifiers)


def test_every_link_inside_the_page_leads_somewhere(page: Page) -> None:
    identifiers = {attributes.get("id") for _, attributes in page.elements}
    targets = {link["href"] for link in page.all("a")}
    inner = {str(target)[1:] for target in targets if str(target).startswith("#")}
    assert {"frame-f118", "event-1", "timeline"} <= inner
    assert inner <= identifiers


def test_every_picture_says_what_it_shows(page: Page) -> None:
    pictures = page.all("img")
    assert len(pictures) == 4 + 12
    assert all(re.match(r"Frame f\d+ at \d\d:\d\d\.\d", str(one["alt"])) for one in pictures)


def test_events_show_summary_frames_and_clips(page: Page) -> None:
    assert "A person lifts a bag from an unattended seat" in page.text
    assert "f118 at 07:44.2" in page.text
    assert [video["src"] for video in page.all("video")] == ["./clips/e1-view.mp4"]
    assert {"href": "./clips/e1-stream.mp4"} in page.all("a")
    (at,) = {one["data-time"] for one in page.all("button") if one["data-time"] == "0.800"}
    assert at


def test_struck_claims_stay_readable_with_their_reason(
    anomalous: Result, pictures: LoadPicture
) -> None:
    text = render_report(anomalous, load_picture=pictures)
    assert text.count("<del>The owner shouts after them.</del>") == 2
    page = Page(text).text
    assert "Struck out: The owner shouts after them. cites no frame" in page


def test_before_and_after_reflection_stand_side_by_side(page: Page) -> None:
    assert "Reflection changed the answer." in page.text
    assert "Category loitering stealing changed" in page.text
    assert "Segment 07:38.0-08:01.0 07:43.4-07:52.1 changed" in page.text
    assert "Label anomalous same" in page.text


def test_what_is_unknown_or_uncalibrated_says_so(page: Page) -> None:
    assert "Recorded at unknown" in page.text
    assert "Confidence 0.61 (not calibrated)" in page.text
    assert "Not reviewed by a person" in page.text
    assert "Not looked at: 03:20.0-04:19.5" in page.text


def test_inconclusive_leads_with_its_reason(inconclusive: Result, pictures: LoadPicture) -> None:
    page = Page(render_report(inconclusive, load_picture=pictures))
    assert "Why nothing is concluded: the picture is black" in page.text
    assert "2026-07-01T08:00:00.000+02:00 Europe/Berlin (as given to the program)" in page.text
    assert "No curve was measured." in page.text
    assert "Risk not judged : a person should look" in page.text
    assert "nothing to do" not in page.text


def hostile_result(anomalous: Result) -> Result:
    claim = Claim(text=HOSTILE, frames=("f1",), struck=HOSTILE)
    stage = anomalous.stages[0].model_copy(
        update={
            "text": HOSTILE,
            "doubts": (HOSTILE,),
            "calls": (HOSTILE,),
            "claims_kept": (claim,),
            "claims_removed": (claim,),
        }
    )
    event = anomalous.events[0].model_copy(
        update={name: HOSTILE for name in ("id", "category", "title", "summary", "scene")}
    )
    answer = anomalous.answers[0].model_copy(update={"question": HOSTILE, "text": HOSTILE})
    point = anomalous.curve[0].model_copy(update={"cues": {HOSTILE: 0.9}})
    return anomalous.model_copy(
        update={
            "run_id": HOSTILE,
            "tool": HOSTILE,
            "video": anomalous.video.model_copy(
                update={"name": HOSTILE, "codec": HOSTILE, "container": HOSTILE, "sha256": HOSTILE}
            ),
            "verdict": anomalous.verdict.model_copy(update={"category": HOSTILE}),
            "events": (event,),
            "curve": (point, *anomalous.curve[1:]),
            "stages": (stage,),
            "answers": (answer,),
            "coverage": anomalous.coverage.model_copy(update={"note": HOSTILE}),
            "models": anomalous.models.model_copy(
                update={"reasoner": ModelCard(id=HOSTILE, revision=HOSTILE, endpoint=HOSTILE)}
            ),
            "prompts_sha256": {HOSTILE: HOSTILE},
            "warnings": (HOSTILE,),
        }
    )


def test_hostile_text_is_shown_and_never_acts(anomalous: Result, pictures: LoadPicture) -> None:
    text = render_report(hostile_result(anomalous), load_picture=pictures, journal_head=HOSTILE)
    calm = Page(render_report(anomalous, load_picture=pictures))
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in calm.elements}
    assert len(page.all("script")) == 2
    assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "\u202e" not in text
    assert "{{ 7*7 }}" in page.text
    assert "<script>alert(1)</script>" in page.text


def test_hostile_cue_names_stay_data(anomalous: Result, pictures: LoadPicture) -> None:
    text = render_report(hostile_result(anomalous), load_picture=pictures)
    match = re.search(r'id="curve-data">(.*?)</script>', text)
    assert match is not None
    data = json.loads(match[1])
    assert "<" not in match[1]
    assert any("<script>" in name for name in data["points"][0][2])


def test_a_damaged_picture_stops_the_report(anomalous: Result, pictures: LoadPicture) -> None:
    cited = anomalous.events[0].evidence[0].sha256

    def altered(sha256: str) -> bytes:
        return pictures(sha256) + (b"x" if sha256 == cited else b"")

    with pytest.raises(BlobError, match=f"picture {cited[:12]} does not match"):
        render_report(anomalous, load_picture=altered)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_a_digest_that_is_none_is_never_looked_up(
    anomalous: Result, pictures: LoadPicture, digest: str
) -> None:
    event = anomalous.events[0]
    frame = event.evidence[0].model_copy(update={"sha256": digest})
    event = event.model_copy(update={"evidence": (frame,)})
    with pytest.raises(BlobError, match="is no sha256 digest"):
        render_report(anomalous.model_copy(update={"events": (event,)}), load_picture=pictures)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4) for p in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_colours_have_enough_contrast(anomalous: Result, pictures: LoadPicture) -> None:
    text = render_report(anomalous, load_picture=pictures)
    themes = [dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in
              re.findall(r":root \{(.*?)\}", text, re.DOTALL)][:2]  # fmt: skip
    assert len(themes) == 2
    for theme in themes:
        for ink in ("ink", "soft", "link"):
            for ground in ("page", "card", "wash", "alarm-wash", "calm-wash", "doubt-wash"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
        for tone in ("alarm", "calm", "doubt"):
            assert contrast(theme[tone], theme[f"{tone}-wash"]) >= 4.5, tone
        assert contrast(theme["struck"], theme["card"]) >= 4.5
