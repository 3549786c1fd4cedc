import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vau_agent.agent.backends.base import BackendContext, GenerationSettings
from vau_agent.agent.backends.transformers.folder import check_folder, digest_folder
from vau_agent.agent.backends.transformers.loading import load_model
from vau_agent.agent.backends.transformers.opening import open_transformers
from vau_agent.agent.conversation import Conversation
from vau_agent.errors import GenerationError, MissingDependencyError

Turn = Callable[..., Conversation]


@pytest.fixture
def copied(tiny_fastvlm: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_fastvlm, tmp_path / "model")


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])


def pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"x")


def want_a_second_file(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def damage_index(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text("{")


def damage_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x10" + bytes(40))


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "holds no config.json"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "holds no weights"),
    "pickled": (pickle_only, "pickled weights only.*convert them to safetensors"),
    "cut": (cut, r"has \d+ bytes of model.safetensors, which is \d+; pull"),
    "header": (damage_header, "damaged model.safetensors"),
    "shard": (want_a_second_file, "lacks model-2.safetensors"),
    "index": (damage_index, "damaged model.safetensors.index.json"),
    "processor": (lambda folder: (folder / "processor_config.json").unlink(), "no processor"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_folder_is_told_in_one_line_before_anything_is_loaded(
    copied: Path, fault: str
) -> None:
    damage, complaint = FAULTS[fault]
    damage(copied)

    with pytest.raises(GenerationError, match=complaint) as raised:
        check_folder(copied)

    assert "\n" not in str(raised.value)
    assert str(copied) in str(raised.value)


def test_a_whole_folder_passes(tiny_model: Path) -> None:
    check_folder(tiny_model)


def test_a_copy_has_the_same_digest_and_a_change_another(tiny_fastvlm: Path, copied: Path) -> None:
    digest = digest_folder(tiny_fastvlm)
    assert digest_folder(copied) == digest

    weights = copied / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-100] ^= 1
    weights.write_bytes(content)
    altered = digest_folder(copied)
    (copied / "chat_template.jinja").write_text("another")

    assert len({digest, altered, digest_folder(copied)}) == 3


def load(folder: Path) -> None:
    load_model(folder, "tiny", Path)


def test_weights_that_are_missing_are_not_made_up(copied: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(copied / "model.safetensors")
    del tensors["model.multi_modal_projector.linear_1.weight"]
    save_file(tensors, copied / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(GenerationError, match=r"1 of its weights are missing, such as \S+linear_1"):
        load(copied)


def test_code_in_a_folder_is_not_run(copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    config |= {"model_type": "made_up", "auto_map": {"AutoConfig": "made_up.MadeUp"}}
    (copied / "config.json").write_text(json.dumps(config))
    (copied / "made_up.py").write_text(f"open({str(copied / 'ran')!r}, 'w')")

    with pytest.raises(GenerationError, match="cannot be loaded") as raised:
        load(copied)

    assert "\n" not in str(raised.value)
    assert not (copied / "ran").exists()


def test_a_model_without_a_chat_template_is_refused(copied: Path) -> None:
    (copied / "chat_template.jinja").unlink()

    with pytest.raises(GenerationError, match="no chat template"):
        load(copied)


def test_an_adapter_asks_for_its_package(tmp_path: Path) -> None:
    from importlib.util import find_spec

    if find_spec("peft") is not None:
        pytest.skip("peft is installed")
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "base"}')

    with pytest.raises(MissingDependencyError, match="pip install peft"):
        load(tmp_path)


def test_opening_loads_nothing_and_the_first_completion_tells_the_fault(
    copied: Path, turn: Turn
) -> None:
    cut(copied)
    backend = open_transformers(str(copied), BackendContext())

    assert backend.card.revision
    with pytest.raises(GenerationError, match="pull the model again"):
        backend.generate(turn(None, "judge"), GenerationSettings())


# peft asks transformers for something by its former name, while this test makes an adapter
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")
def test_an_adapter_is_laid_over_its_base_model(
    tiny_fastvlm: Path, tmp_path: Path, turn: Turn
) -> None:
    peft: Any = pytest.importorskip("peft", reason="adapters need peft, which no extra brings")
    from transformers import AutoModelForImageTextToText

    base = AutoModelForImageTextToText.from_pretrained(tiny_fastvlm)
    config = peft.LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False)
    peft.get_peft_model(base, config).save_pretrained(tmp_path)

    plain = open_transformers(str(tiny_fastvlm), BackendContext())
    adapted = open_transformers(str(tmp_path), BackendContext())
    settings = GenerationSettings(max_new_tokens=8)

    assert adapted.card.adapter == str(tmp_path)
    assert adapted.card.revision != plain.card.revision
    asked = turn(None, "judge")
    assert adapted.generate(asked, settings).text != plain.generate(asked, settings).text
