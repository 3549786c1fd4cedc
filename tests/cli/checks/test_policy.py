import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from vau_agent.cli.checks.policy import check_calibration, check_policy
from vau_agent.settings import Settings

pytest.importorskip("openai", reason="openai is not installed")


class _Models(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"object": "list", "data": [{"id": "seer", "object": "model"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """A server that has one model, `seer`."""
    server = HTTPServer(("127.0.0.1", 0), _Models)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_has_the_model_is_named_as_where_frames_go(port: int) -> None:
    (finding,) = check_policy(Settings(policy=f"openai:seer@http://127.0.0.1:{port}/v1"))

    assert finding.state == "ok"
    assert f"served at 127.0.0.1:{port}; frames would go there" in finding.text


def test_a_server_without_the_model_says_which_it_has(port: int) -> None:
    (finding,) = check_policy(Settings(policy=f"openai:poet@http://127.0.0.1:{port}/v1"))

    assert finding.state == "fail"
    assert "'poet'; it has seer" in finding.text
    assert "openai:seer@" in finding.fix


def test_a_server_that_is_not_there_fails_with_something_to_type() -> None:
    (finding,) = check_policy(Settings(policy="openai:seer@http://127.0.0.1:9/v1"))

    assert finding.state == "fail"
    assert "vau-agent config set policy rules" in finding.fix


def test_offline_no_server_elsewhere_is_asked() -> None:
    policy = "openai:seer@http://gpu-box:8000/v1"

    (finding,) = check_policy(Settings(policy=policy, offline=True))

    assert finding.state == "fail"
    assert "'offline' is set" in finding.text


def test_a_policy_without_calibration_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    (finding,) = check_calibration(Settings(home=tmp_path_factory.mktemp("home")))

    assert finding.state == "info"
    assert "not calibrated" in finding.text


@pytest.mark.parametrize(
    ("profile", "state", "told"),
    [
        ('{"prompts": "compact"}', "ok", "asked in short, as it was trained"),
        ("{}", "ok", "in this process"),
        ('{"prompts": "loud"}', "fail", "is no profile of a model"),
        ('{"detector": true}', "fail", "holds no detector that can be read"),
    ],
)
def test_a_models_profile_and_its_detector_are_looked_at(
    profile: str, state: str, told: str, tmp_path: Path
) -> None:
    pytest.importorskip("transformers", reason="transformers is not installed")
    (tmp_path / "vau_profile.json").write_text(profile)

    (finding,) = check_policy(Settings(policy=f"transformers:{tmp_path}"))

    assert (finding.state, told in finding.text) == (state, True), finding.text
