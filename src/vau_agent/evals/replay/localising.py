"""The localisation graph over all recorded videos."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vau_agent.evals.formats.corevad import AnsweredVideo, spread
from vau_agent.evals.metrics.frames import ScoredVideo
from vau_agent.evals.replay.recording import Recording
from vau_agent.graphs.localisation import Localisation, LocalisationContext, Steps, localise
from vau_agent.graphs.opening import open_chosen_embedder
from vau_agent.settings import Settings
from vau_agent.tools.localisation.base import LocalisationSettings
from vau_agent.tools.localisation.grading import Grader, hazard_texts, ordinary_texts
from vau_agent.tools.localisation.texts import MeaningSpace, TextSpace, WordSpace


@dataclass(frozen=True, kw_only=True, eq=False)
class Replayer:
    """Localises in videos, one after the other, with the same numbers for all."""

    space: TextSpace
    grader: Grader
    settings: LocalisationSettings = field(default_factory=LocalisationSettings)

    def run(
        self,
        recordings: Sequence[Recording],
        *,
        steps: Sequence[Steps] | None = None,
        calls_per_hour: float | None = None,
        grader: Grader | None = None,
    ) -> tuple[Localisation, ...]:
        """Localise in each video.

        Args:
            recordings: What was answered about each.
            steps: What replaces the real steps, by video; nothing when `None`.
            calls_per_hour: Looks an hour of video; every moment is looked at when `None`.
            grader: Another than the usual one.
        """
        changed = steps if steps is not None else [Steps()] * len(recordings)
        return tuple(
            localise(
                LocalisationContext(
                    perception=recording,
                    space=self.space,
                    grader=grader or self.grader,
                    settings=self.settings,
                    calls=_calls(recording, calls_per_hour),
                    steps=own,
                )
            )
            for recording, own in zip(recordings, changed, strict=True)
        )


def open_replayer(settings: Settings) -> Replayer:
    """Open the replayer: texts by meaning where an embedder's parts are here, else by words.

    Raises:
        SettingsError: The embedder of the settings is not known.
        ModelError: It was asked for by name, and its parts are not here.
    """
    embedder = open_chosen_embedder(settings)
    space: TextSpace
    if embedder is None:
        space = WordSpace((*hazard_texts(), *ordinary_texts()))
    else:
        space = MeaningSpace(embedder=embedder)
    numbers = LocalisationSettings()
    return Replayer(
        space=space, grader=Grader.open(space, similar=numbers.similar), settings=numbers
    )


def to_scored(
    videos: Sequence[AnsweredVideo], found: Sequence[Localisation]
) -> tuple[ScoredVideo, ...]:
    """Put the scores of moments beside the labels of their frames."""
    return tuple(
        ScoredVideo(
            id=video.id,
            labels=video.labels,
            scores=np.asarray(spread(one.scores, len(video.labels)), dtype=np.float64),
        )
        for video, one in zip(videos, found, strict=True)
    )


def _calls(recording: Recording, per_hour: float | None) -> int | None:
    if per_hour is None:
        return None
    return max(1, round(per_hour * recording.moments * recording.moment_s / 3600))
