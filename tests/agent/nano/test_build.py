import json
from pathlib import Path
from typing import Any

import pytest

from vau_agent.agent.backends.transformers.check import find_reader
from vau_agent.agent.backends.transformers.loading import LoadedModel, load_model
from vau_agent.agent.downloads.assembling import ASSEMBLIES
from vau_agent.agent.nano.build import ADAPTER, build_base, shipped_adapter
from vau_agent.agent.nano.profile import NANO_PROFILE
from vau_agent.agent.profile import load_profile
from vau_agent.errors import ModelError


@pytest.fixture(scope="module")
def loaded(base: Path) -> LoadedModel:
    return load_model(base, "nano", lambda name: Path(name))


def test_two_builds_of_the_same_parts_are_equal(parts: Path, base: Path, tmp_path: Path) -> None:
    build_base(parts, tmp_path)

    names = sorted(path.name for path in base.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    for name in names:
        assert (tmp_path / name).read_bytes() == (base / name).read_bytes(), name


def test_nothing_in_the_folder_tells_where_it_was_made(parts: Path, base: Path) -> None:
    for path in base.glob("*.json"):
        assert str(parts) not in path.read_text(encoding="utf-8")


def test_it_is_a_standard_model_of_half_precision_without_code(base: Path) -> None:
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))

    assert config["architectures"] == ["FastVlmForConditionalGeneration"]
    assert config["dtype"] == "float16"
    assert "auto_map" not in config
    assert config["text_config"]["vocab_size"] % 64 == 0


def test_what_it_reads_is_kept_between_turns(loaded: LoadedModel) -> None:
    assert find_reader(loaded) is not None


def test_a_picture_of_any_shape_becomes_sixteen_tokens(loaded: LoadedModel) -> None:
    from PIL import Image

    for size in ((160, 90), (90, 160), (640, 480)):
        read = loaded.processor(
            text=["<image>"], images=[Image.new("RGB", size)], return_tensors="pt"
        )
        assert read["input_ids"].tolist() == [[loaded.model.config.image_token_id] * 16]
        assert tuple(read["pixel_values"].shape) == (1, 3, 128, 128)


def test_training_learns_what_the_assistant_says_and_where_it_ends(loaded: LoadedModel) -> None:
    told: Any = loaded.tokenizer.apply_chat_template(
        [
            {"role": "user", "content": "Judge."},
            {"role": "assistant", "content": "falls"},
            {"role": "user", "content": "Check."},
        ],
        return_assistant_tokens_mask=True,
        return_dict=True,
    )

    pairs = zip(told["input_ids"], told["assistant_masks"], strict=True)
    learned = loaded.tokenizer.decode([token for token, marked in pairs if marked])
    assert learned == "falls<|im_end|>"


def test_a_picture_stands_where_it_was_shown_and_no_system_turn_is_made_up(
    loaded: LoadedModel,
) -> None:
    shown = {"role": "user", "content": [{"type": "text", "text": "0.0 f1"}, {"type": "image"}]}

    text = loaded.processor.apply_chat_template([shown], add_generation_prompt=True, tokenize=False)

    assert text == "<|im_start|>user\n0.0 f1<image><|im_end|>\n<|im_start|>assistant\n"


def test_an_answer_ends_with_its_turn(loaded: LoadedModel) -> None:
    assert loaded.stop_ids == {loaded.tokenizer.convert_tokens_to_ids("<|im_end|>")}


def test_it_sees_as_its_tower_and_speaks_as_its_language_model(
    parts: Path, loaded: LoadedModel
) -> None:
    import timm
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils.quantization_config import GgufConfig

    tensors = torch.load(parts / "tower.pth", weights_only=True)
    tower: Any = timm.create_model("tf_efficientnet_lite0").eval()
    tower.load_state_dict(dict(zip(tower.state_dict(), tensors.values(), strict=True)))
    load: Any = AutoModelForCausalLM.from_pretrained
    language = load(
        parts, gguf_file="language.gguf", quantization_config=GgufConfig(dequantize=True)
    ).float()
    pixels = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    ids = torch.tensor([[5, 9, 77, 30]])

    with torch.inference_mode():
        seen = loaded.model.model.vision_tower(pixels, return_dict=True).last_hidden_state
        wanted = tower.forward_features(pixels)
        said = loaded.model(input_ids=ids).logits
        known = language(input_ids=ids).logits

    assert float((seen - wanted).abs().max() / wanted.abs().max()) < 0.02
    known_part = said[..., : known.shape[-1]]
    assert float((known_part - known).abs().max() / known.abs().max()) < 0.02


def test_an_added_token_is_the_mean_of_all_and_so_never_the_likeliest(
    loaded: LoadedModel,
) -> None:
    rows = loaded.model.get_input_embeddings().weight
    first = loaded.model.config.image_token_id

    assert first == len(loaded.tokenizer) - 1
    assert len(rows) > len(loaded.tokenizer)
    assert float((rows[first:] - rows[:first].mean(0)).abs().max()) < 1e-4


def test_a_base_model_wants_to_be_asked_as_nano_but_has_no_detector(base: Path) -> None:
    assert load_profile(base) == NANO_PROFILE.model_copy(update={"detector": False})


def test_without_its_parts_it_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds 0 files \*\.gguf.*models pull nano --force"):
        build_base(tmp_path, tmp_path / "base")


def test_what_this_package_adds_is_named_by_its_digest_or_missed_in_one_line() -> None:
    import vau_agent.agent.nano.build as module

    ingredients = ASSEMBLIES["nano"].ingredients
    if (Path(str(module.__file__)).parent / ADAPTER).is_file():
        with shipped_adapter() as adapter:
            assert adapter.stat().st_size < 20 * 1024 * 1024
        assert ingredients()[0].startswith("adapter sha256:")
    else:
        with pytest.raises(ModelError, match="holds no adapter"):
            ingredients()
