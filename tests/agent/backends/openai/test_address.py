import re

import pytest

from vau_agent.agent.backends.base import BackendContext
from vau_agent.agent.backends.openai.address import parse_address
from vau_agent.agent.backends.openai.backend import OpenAIBackend
from vau_agent.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "model", "url", "place"),
    [
        ("qwen@http://gpu-box:8000/v1", "qwen", "http://gpu-box:8000/v1", "gpu-box:8000"),
        ("a/B-7B@http://10.0.0.7/v1/", "a/B-7B", "http://10.0.0.7/v1", "10.0.0.7:80"),
        ("m@https://api.example.org/v1", "m", "https://api.example.org/v1", "api.example.org:443"),
        ("m@http://[::1]:8000/v1", "m", "http://[::1]:8000/v1", "[::1]:8000"),
        ("org@1@http://h:1", "org@1", "http://h:1", "h:1"),
    ],
)
def test_a_model_and_its_address_are_told_apart(
    text: str, model: str, url: str, place: str
) -> None:
    address = parse_address(text)

    assert (address.model, address.url, address.place) == (model, url, place)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "openai:MODEL@URL"),
        ("qwen", "openai:MODEL@URL"),
        ("@http://h/v1", "openai:MODEL@URL"),
        ("qwen@gpu-box:8000/v1", "http or https"),
        ("qwen@ftp://h/v1", "http or https"),
        ("qwen@file:///etc/passwd", "http or https"),
        ("qwen@http://", "no usable host"),
        ("qwen@http://:8000/v1", "no usable host"),
        ("qwen@http://h:99999/v1", "cannot be read"),
        ("qwen@http://h:x/v1", "cannot be read"),
        ("qwen@http://[::1/v1", "cannot be read"),
        ("qwen@http://h/v1?x=1", "goes on after its path"),
        ("qwen@http://h/v1#x", "goes on after its path"),
        ("qwen@http://h h/v1", "white space"),
        ("qwen@http://h\n/v1", "white space"),
        ("qwen@http://h\\@g/v1", "white space"),
        ("qwen@http://gruß/v1", "no usable host"),
    ],
)
def test_what_names_no_server_says_what_would(text: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        parse_address(text)


@pytest.mark.parametrize("login", ["user:hunter2@", "hunter2@", ":hunter2@", "user:hunter2@x@"])
def test_a_password_in_the_address_is_refused_and_not_repeated(login: str) -> None:
    with pytest.raises(SettingsError, match="VAU_ENDPOINT__API_KEY") as refusal:
        parse_address(f"qwen@http://{login}gpu-box:8000/v1")

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "[::1]", "LOCALHOST"])
def test_offline_a_server_on_this_machine_may_be_asked(host: str) -> None:
    context = BackendContext(offline=True)

    assert OpenAIBackend.open(f"m@http://{host}:8000/v1", context).card.id == "m"


@pytest.mark.parametrize(
    "host",
    [
        "gpu-box",
        "10.0.0.7",
        "127.0.0.1.example.org",
        "localhost.example.org",
        "0x7f000001",
        "[::2]",
    ],
)
def test_offline_every_other_server_is_refused_before_anything_is_sent(host: str) -> None:
    with pytest.raises(SettingsError, match=f"would send frames to {re.escape(host)}:8000"):
        OpenAIBackend.open(f"m@http://{host}:8000/v1", BackendContext(offline=True))


def test_the_card_names_host_and_port_only() -> None:
    card = OpenAIBackend.open("m@https://api.example.org/v1", BackendContext()).card

    assert (card.id, card.endpoint) == ("m", "api.example.org:443")
