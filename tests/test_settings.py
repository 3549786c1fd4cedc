from pathlib import Path

import pytest

from vau_agent.errors import SettingsError
from vau_agent.settings import (
    Settings,
    config_path,
    exporting_variables,
    load_settings,
    setting_origins,
    wants_plain_output,
    write_setting,
)


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file that does not exist yet."""
    path = tmp_path / "settings" / "config.toml"
    monkeypatch.setenv("VAU_CONFIG", str(path))
    for name in Settings.model_fields:
        monkeypatch.delenv(f"VAU_{name.upper()}", raising=False)
    return path


def write(config: Path, text: str) -> None:
    config.parent.mkdir(exist_ok=True)
    config.write_text(text)


def test_without_anything_the_defaults_hold() -> None:
    settings = load_settings()

    assert settings.policy == "rules"
    assert settings.reader == "pyav"
    assert settings.analysis.reflection == "both"


def test_flags_come_before_variables_before_the_file_before_defaults(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config, "[analysis]\nmax_rounds = 3\nframes_per_zoom = 5\nwindow_seconds = 60\n")
    monkeypatch.setenv("VAU_ANALYSIS__MAX_ROUNDS", "4")
    monkeypatch.setenv("VAU_ANALYSIS__FRAMES_PER_ZOOM", "6")
    flags = {"analysis": {"max_rounds": 5}}

    settings = load_settings(flags)

    assert settings.analysis.max_rounds == 5
    assert settings.analysis.frames_per_zoom == 6
    assert settings.analysis.window_seconds == 60
    assert settings.analysis.frames_per_window == Settings().analysis.frames_per_window
    origins = setting_origins(flags)
    assert origins["analysis.max_rounds"] == ("5", "flag")
    assert origins["analysis.frames_per_zoom"] == ("6", "VAU_ANALYSIS__FRAMES_PER_ZOOM")
    assert origins["analysis.window_seconds"] == ("60.0", str(config))
    assert origins["analysis.frames_per_window"][1] == "default"


def test_a_flag_that_was_not_given_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAU_POLICY", "scripted:a.json")

    assert load_settings({"policy": None}).policy == "scripted:a.json"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"reader": "vhs"}, "'reader' = 'vhs'"),
        ({"analysis": {"max_rounds": -1}}, "analysis.max_rounds"),
        ({"analysis": {"colour": 1}}, "analysis.colour"),
        ({"triage": {"alarm_score": 1.0}}, "triage.alarm_score"),
        ({"video": {"max_width": "wide"}}, "video.max_width"),
        ({"sunset": 1}, "sunset"),
    ],
)
def test_what_cannot_be_is_named_with_its_place(flags: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags)

    assert words in str(caught.value)
    assert "config show" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_misspelt_variable_is_refused_instead_of_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VAU_POLICI", "rules")

    with pytest.raises(SettingsError, match="VAU_POLICI"):
        load_settings()


def test_a_file_that_is_no_toml_is_named(config: Path) -> None:
    write(config, "policy = \n")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(config) in str(caught.value)


def test_a_file_that_is_a_folder_is_named(config: Path) -> None:
    config.mkdir(parents=True)

    for act in (load_settings, lambda: write_setting("policy", "rules")):
        with pytest.raises(SettingsError, match="cannot be read"):
            act()


def test_a_written_setting_is_read_back_and_comments_stay(config: Path) -> None:
    write(config, '# the lobby\npolicy = "rules"  # no model\n')

    assert write_setting("analysis.max_rounds", "4") == config

    assert load_settings().analysis.max_rounds == 4
    assert config.read_text().startswith('# the lobby\npolicy = "rules"  # no model\n')
    assert "max_rounds = 4" in config.read_text()


@pytest.mark.parametrize(
    ("name", "value"), [("no.such", "1"), ("analysis", "1"), ("analysis.max_rounds", "-1")]
)
def test_a_bad_setting_leaves_the_file_as_it_was(config: Path, name: str, value: str) -> None:
    write(config, 'policy = "rules"\n')

    with pytest.raises(SettingsError, match=name):
        write_setting(name, value)

    assert config.read_text() == 'policy = "rules"\n'


def test_the_file_is_where_the_variable_says(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_path() == config

    monkeypatch.delenv("VAU_CONFIG")

    assert config_path().name == "config.toml"
    assert "vau-agent" in config_path().parts


def test_variables_that_export_traces_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGSMITH_TRACING", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    before = exporting_variables()
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "somewhere")

    assert set(exporting_variables()) - set(before) == {
        "LANGSMITH_TRACING",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    }


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("CI", "true", True),
        ("NO_COLOR", "1", True),
        ("TERM", "dumb", True),
        ("TERM", "xterm", False),
    ],
)
def test_plain_output_follows_custom(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, plain: bool
) -> None:
    for other in ("CI", "NO_COLOR", "TERM"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)

    assert wants_plain_output() is plain


def test_a_secret_is_refused_by_the_file_and_masked_when_shown(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match="give it as VAU_ENDPOINT__API_KEY"):
        write_setting("endpoint.api_key", "hush")
    assert not config.exists()

    monkeypatch.setenv("VAU_ENDPOINT__API_KEY", "hush")

    assert "hush" not in str(setting_origins())
    assert setting_origins()["endpoint.api_key"][1] == "VAU_ENDPOINT__API_KEY"
    key = load_settings().endpoint.api_key
    assert key is not None and key.get_secret_value() == "hush"


def test_fields_for_one_kind_of_server_are_given_as_json(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAU_ENDPOINT__EXTRA_BODY", '{"top_k": 1}')

    assert load_settings().endpoint.extra_body == {"top_k": 1}
