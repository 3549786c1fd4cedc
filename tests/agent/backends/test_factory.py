from pathlib import Path

import pytest

from vau_agent.agent.backends.base import BackendContext
from vau_agent.agent.backends.factory import open_backend
from vau_agent.agent.nano.profile import NANO_PROFILE, write_profile
from vau_agent.agent.receipts import write_receipt
from vau_agent.errors import ModelError, SettingsError


def test_rules_is_opened_by_name() -> None:
    assert open_backend("rules").name == "rules"


def test_a_server_is_opened_by_model_and_address_before_anything_is_sent() -> None:
    backend = open_backend("openai:qwen@http://gpu-box:8000/v1/")

    assert backend.name == "openai:qwen@http://gpu-box:8000/v1"
    assert backend.card.endpoint == "gpu-box:8000"


def test_a_script_is_opened_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a:b.json"
    path.write_text('["x"]')

    assert open_backend(f"scripted:{path}").name == f"scripted:{path}"


def test_auto_is_rules_while_no_promoted_model_is_here(tmp_path: Path) -> None:
    assert open_backend("auto", BackendContext(models=tmp_path)).name == "rules"


def test_nano_that_was_not_pulled_says_what_to_type(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra 'local' is not installed")

    with pytest.raises(ModelError, match=r"fetch it: vau-agent models pull nano$"):
        open_backend("nano", BackendContext(models=tmp_path))


def test_nano_goes_by_its_name_and_is_asked_as_its_folder_says(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra 'local' is not installed")
    folder = tmp_path / "nano"
    folder.mkdir()
    write_profile(folder, NANO_PROFILE)
    write_receipt(folder, "nano", ("made up",))

    backend = open_backend("nano", BackendContext(models=tmp_path))

    assert backend.name == "nano"
    assert backend.profile == NANO_PROFILE


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        ("magic", "unknown policy 'magic'; choose one of rules, "),
        ("", "choose one of"),
        ("Rules", "choose one of"),
        ("auto:fast", "takes nothing after a colon, got 'fast'"),
        ("nano:fast", "another model is transformers:fast"),
        ("rules:fast", "takes nothing after a colon, got 'fast'"),
        ("scripted", "needs a file"),
        ("scripted:", "needs a file"),
        ("scripted:/nowhere/x.json", "cannot be read"),
    ],
)
def test_what_cannot_be_opened_says_why(policy: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        open_backend(policy)
