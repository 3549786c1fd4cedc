from pathlib import Path

import pytest

from vau_agent.errors import SettingsError
from vau_agent.training.config import AlignmentConfig, ClipRange, LanguageConfig, load_config


def test_flags_stand_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    path = tmp_path / "sft.toml"
    path.write_text("batch = 3\nseed = 5\n[rows]\nwrong = 0.25\n")

    config = load_config(LanguageConfig, path, {"seed": 7, "rows.variants": 2, "epochs": None})

    assert (config.batch, config.seed, config.epochs) == (3, 7, 1.0)
    assert (config.rows.wrong, config.rows.variants) == (0.25, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch = 0", "batch = 0.*greater than or equal to 1"),
        ("bach = 2", "bach = 2.*extra inputs are not permitted"),
        ("[rows]\nwrong = 2", r"rows\.wrong = 2"),
        ("batch =", "is not valid TOML"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "sft.toml"
    path.write_text(text)

    with pytest.raises(SettingsError, match=message):
        load_config(LanguageConfig, path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml' cannot be read"):
        load_config(AlignmentConfig, tmp_path / "none.toml")


def test_a_range_takes_what_there_is() -> None:
    assert ClipRange(first=2, count=10).places(5) == range(2, 5)
    with pytest.raises(SettingsError, match="there are 5"):
        ClipRange(first=5).places(5)
