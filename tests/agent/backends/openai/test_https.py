"""Certificates are checked, and time is up behind them too."""

import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.backends.chat_server import ChatServer, drip, imagine, silence
from vau_agent.agent.backends.base import BackendContext, GenerationSettings
from vau_agent.agent.backends.openai.backend import OpenAIBackend
from vau_agent.agent.conversation import Conversation, Message, TextPart
from vau_agent.errors import GenerationError
from vau_agent.settings import EndpointSettings

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="makes its certificate with the openssl command"
)
ASKING = Conversation(messages=(Message(role="user", parts=(TextPart(text="?"),), stage="answer"),))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, signed by itself, with its key in one file."""
    folder = tmp_path_factory.mktemp("tls")
    made = folder / "made.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *(
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=test",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
            ),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )
    made.write_text((folder / "key.pem").read_text() + (folder / "certificate.pem").read_text())
    return made


@pytest.fixture
def server(certificate: Path) -> Iterator[ChatServer]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with ChatServer(tls=tls) as running:
        yield running


def open_at(server: ChatServer, *, seconds: float = 20) -> OpenAIBackend:
    endpoint = EndpointSettings(timeout_seconds=seconds, retries=0)
    model = server.policy.removeprefix("openai:")
    return OpenAIBackend.open(model, BackendContext(endpoint=endpoint))


def test_a_certificate_that_nobody_vouches_for_is_refused(server: ChatServer) -> None:
    with pytest.raises(GenerationError, match=r"(?i)certificate.verify.failed"):
        open_at(server).generate(ASKING, GenerationSettings())

    assert server.requests == []


def test_a_house_of_its_own_may_vouch(
    server: ChatServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    completion = open_at(server).generate(ASKING, GenerationSettings())

    assert completion.text.startswith("<answer>")


def test_time_is_up_behind_a_certificate_too(
    server: ChatServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server.next(imagine, silence(), drip(), drip(in_headers=True))
    open_at(server).generate(ASKING, GenerationSettings())  # loads the client

    for _ in range(3):
        started = time.monotonic()
        with pytest.raises(GenerationError, match=r"within 0\.3 s"):
            open_at(server, seconds=0.3).generate(ASKING, GenerationSettings())
        assert time.monotonic() - started < 5
