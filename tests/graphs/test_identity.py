from pathlib import Path

import pytest

from vau_agent.graphs.identity import RunSpec
from vau_agent.settings import (
    AnalysisSettings,
    BudgetSettings,
    EndpointSettings,
    LocalSettings,
    Settings,
)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(b"some bytes")
    return path


def test_a_run_is_never_stored_with_a_secret_or_a_limit(video: Path, tmp_path: Path) -> None:
    endpoint = EndpointSettings.model_validate({"api_key": "hush", "extra_body": {"a": "hush"}})
    settings = Settings(
        home=tmp_path, endpoint=endpoint, budget=BudgetSettings(max_calls=3), offline=True
    )

    spec = RunSpec.of(video, settings)

    assert "hush" not in spec.model_dump_json()
    assert not {"endpoint", "budget", "offline", "model_dir", "engine"} & spec.settings.keys()


def test_a_run_goes_on_with_its_own_depth_and_the_limits_of_now(
    video: Path, tmp_path: Path
) -> None:
    began = Settings(home=tmp_path, analysis=AnalysisSettings(max_rounds=1))
    endpoint = EndpointSettings.model_validate({"api_key": "hush"})
    now = Settings(
        home=tmp_path / "moved", endpoint=endpoint, budget=BudgetSettings(max_calls=3), offline=True
    )

    found = RunSpec.of(video, began).settings_under(now)

    assert (found.analysis.max_rounds, found.home) == (1, tmp_path / "moved")
    assert (found.endpoint, found.budget, found.offline) == (now.endpoint, now.budget, True)


def test_only_what_can_change_a_verdict_makes_another_run(video: Path, tmp_path: Path) -> None:
    def digest(**settings: object) -> str:
        given = Settings.model_validate({"home": tmp_path, **settings})
        return RunSpec.of(video, given).digest

    plain = digest()
    retrained = RunSpec.of(video, Settings(home=tmp_path), revision="b" * 64).digest
    assert retrained != plain
    assert digest(budget=BudgetSettings(max_calls=1)) == plain
    assert digest(endpoint=EndpointSettings(retries=0)) == plain
    assert digest(local=LocalSettings(kept_conversations=0)) == plain
    assert digest(analysis=AnalysisSettings(max_rounds=0)) != plain
    assert digest(analysis=AnalysisSettings(tools=("zoom",))) != plain
    assert digest(local=LocalSettings(picture_pixels=28 * 28)) != plain
