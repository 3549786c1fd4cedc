"""How much the stated numbers of the localisation matter: each halved and doubled."""

from collections.abc import Iterator

from scripts.benches.measure import Work
from scripts.benches.retrieval import DATA
from vau_agent.evals.benchmarks.ucf_crime import UCF_CRIME
from vau_agent.evals.formats.corevad import series
from vau_agent.evals.metrics.frames import ScoredVideo, score_frames
from vau_agent.evals.replay.localising import Replayer, open_replayer, to_scored
from vau_agent.evals.replay.recording import Recording, read_recordings
from vau_agent.settings import load_settings
from vau_agent.tools.localisation.base import LocalisationSettings
from vau_agent.tools.localisation.grading import Grader, hazard_texts, ordinary_texts
from vau_agent.tools.localisation.texts import WordSpace

FIGURES = ("frame_auc", "frame_ap", "within_auc_pooled", "within_auc_macro")


def sensitivity(work: Work) -> None:
    """Frame and within-video AUC on recorded answers, each stated number halved and doubled."""
    truth = DATA / "annotations" / "ucf_crime" / "UCF_Eval.json"
    answers = DATA / "predictions" / "corevad_ucf_crime" / "responses.json.gz"
    if not (truth.is_file() and answers.is_file()):
        print(f"not measured: {truth} and {answers} are not both there")
        return
    videos, _ = read_recordings(answers, UCF_CRIME.read(truth))
    videos = videos[:20] if work.quick else videos
    recordings = [Recording.of(video.answers) for video in videos]
    usual = open_replayer(load_settings())
    print(f"{len(videos)} videos, texts compared by {usual.space.name}\n")
    print("| row | frame AUC | AP | within, pooled | within, macro |")
    print("| --- | --- | --- | --- | --- |")
    published = series(videos)["smoothed_and_position_weighted"]
    _print("CoReVAD, smoothed and position-weighted", published)
    for name, replayer in _replayers(usual):
        _print(name, to_scored(videos, replayer.run(recordings)))


def _replayers(usual: Replayer) -> Iterator[tuple[str, Replayer]]:
    stated = LocalisationSettings()
    yield "as stated", usual
    for factor in (0.5, 2.0):
        changes: tuple[tuple[str, object], ...] = (
            ("similar", round(stated.similar * factor)),
            ("sharpness", stated.sharpness * factor),
            ("neighbours", round(stated.neighbours * factor)),
            ("scales", tuple(scale * factor for scale in stated.scales)),
            ("least_peak", stated.least_peak * factor),
        )
        for name, value in changes:
            yield f"{name} {value}", _replayer(usual, stated.model_copy(update={name: value}))
    words = WordSpace((*hazard_texts(), *ordinary_texts()))
    grader = Grader.open(words, similar=stated.similar)
    yield "texts compared by words", Replayer(space=words, grader=grader, settings=stated)


def _replayer(usual: Replayer, numbers: LocalisationSettings) -> Replayer:
    grader = Grader.open(usual.space, similar=numbers.similar)
    return Replayer(space=usual.space, grader=grader, settings=numbers)


def _print(name: str, videos: tuple[ScoredVideo, ...]) -> None:
    figures = score_frames(videos, draws=0, seed=0)
    cells = " | ".join(f"{figures[one].value:.3f}" for one in FIGURES)
    print(f"| {name} | {cells} |")
