from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.agent.backends.tiny_models import TINY_FEATURES, TINY_TOWER, build_tiny_fastvlm
from tests.agent.nano.adapters import (
    BINS,
    CARD,
    CLASSES,
    DETECTOR,
    GATE,
    PROJECTOR,
    QUERY,
    SCALE,
    TOWER,
    Weights,
    write_adapter,
)
from vau_agent.agent.nano.adapter import AdapterCard, apply_adapter, load_adapter, save_adapter
from vau_agent.agent.nano.build import build_nano
from vau_agent.agent.nano.profile import NANO_PROFILE
from vau_agent.agent.profile import ModelProfile, load_profile
from vau_agent.errors import ModelError


@pytest.fixture(scope="module")
def made(base: Path, adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "nano"
    apply_adapter(base, adapter, folder)
    return folder


def read(folder: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return dict(load_file(folder / "model.safetensors"))


def test_equal_weights_give_equal_bytes(weights: Weights, adapter: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    write_adapter(again, weights, CARD)

    assert again.read_bytes() == adapter.read_bytes()


def test_what_was_saved_is_loaded(weights: Weights, adapter: Path) -> None:
    card, loaded = load_adapter(adapter)

    assert card == CARD
    assert {name.partition(".")[0] for name in loaded} == {"tower", "projector", "lora"}
    assert all(one.dtype == np.float16 for one in loaded.values())
    stem = weights.tower["conv_stem.weight"].numpy()
    assert np.allclose(loaded["tower.conv_stem.weight"], stem, rtol=1e-3, atol=1e-6)


def test_tower_and_projector_are_the_adapters(made: Path, weights: Weights) -> None:
    merged = read(made)

    for prefix, group in ((TOWER, weights.tower), (PROJECTOR, weights.projector)):
        for name, one in group.items():
            if not name.endswith("num_batches_tracked"):
                assert np.array_equal(merged[prefix + name], one.numpy().astype(np.float16)), name


def test_lora_is_added_where_it_was_trained_and_nowhere_else(
    made: Path, base: Path, weights: Weights
) -> None:
    before, after = read(base), read(made)

    down = weights.lora[f"base_model.model.{QUERY}.lora_A.weight"].numpy()
    up = weights.lora[f"base_model.model.{QUERY}.lora_B.weight"].numpy()
    wanted = before[f"{QUERY}.weight"].astype(np.float32) + SCALE * up @ down
    assert np.allclose(after[f"{QUERY}.weight"], wanted, atol=2e-3)
    language = {name for name in before if name.startswith("model.language_model.")}
    changed = {name for name in language if not np.array_equal(before[name], after[name])}
    assert changed == {f"{QUERY}.weight", f"{GATE}.weight"}
    assert after.keys() == before.keys()


def test_merged_it_says_what_peft_says_on_top_of_the_base(
    base: Path, made: Path, weights: Weights
) -> None:
    import torch

    peft: Any = pytest.importorskip("peft", reason="the extra 'train' is not installed")
    from transformers import AutoModelForImageTextToText

    load: Any = AutoModelForImageTextToText.from_pretrained
    merged, plain = (load(folder, dtype=torch.float32).eval() for folder in (made, base))
    config = peft.LoraConfig(r=4, lora_alpha=4 * SCALE, target_modules=[QUERY, GATE])
    with pytest.warns(FutureWarning, match="is_gradient_checkpointing"):
        adapted = peft.get_peft_model(plain, config)
    peft.set_peft_model_state_dict(adapted, weights.lora)
    ids = torch.tensor([[5, 9, 77, 30, 12]])

    with torch.inference_mode():
        ours, theirs = merged(input_ids=ids).logits, adapted(input_ids=ids).logits
    assert float((ours - theirs).abs().max() / theirs.abs().max()) < 0.02


def test_the_folder_says_how_it_wants_to_be_asked(
    base: Path, tmp_path: Path, weights: Weights
) -> None:
    profile = ModelProfile(prompts="compact", frames_per_window=6)
    path = tmp_path / "adapter.safetensors"
    save_adapter(path, AdapterCard(profile=profile), projector=weights.projector)

    apply_adapter(base, path, tmp_path / "made")

    assert load_profile(tmp_path / "made") == profile


def test_a_group_that_is_absent_leaves_the_base_as_it_is(
    base: Path, tmp_path: Path, weights: Weights
) -> None:
    path = tmp_path / "adapter.safetensors"
    save_adapter(path, CARD, projector=weights.projector)

    apply_adapter(base, path, tmp_path / "made")

    before, after = read(base), read(tmp_path / "made")
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {name for name in before if name.startswith(PROJECTOR)}


def test_an_adapter_of_another_base_changes_nothing(
    base: Path, tmp_path: Path, weights: Weights
) -> None:
    import torch

    path, out = tmp_path / "adapter.safetensors", tmp_path / "made"
    elsewhere = {name.replace("layers.1", "layers.7"): one for name, one in weights.lora.items()}
    write_adapter(path, weights.with_lora(elsewhere), CARD)
    with pytest.raises(ModelError, match=r"changes 'model\.language_model\.layers\.7"):
        apply_adapter(base, path, out)

    save_adapter(path, CARD, projector={"linear_1.weight": torch.zeros(3, 3)})
    with pytest.raises(ModelError, match=r"has shape \(3, 3\), the base model has shape"):
        apply_adapter(base, path, out)

    assert sorted(one.name for one in tmp_path.iterdir()) == ["adapter.safetensors"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e5])
def test_weights_that_no_half_can_hold_are_not_saved(tmp_path: Path, value: float) -> None:
    import torch

    path = tmp_path / "adapter.safetensors"

    with pytest.raises(ModelError, match=r"projector\.linear_1\.bias holds a value"):
        save_adapter(path, CARD, projector={"linear_1.bias": torch.tensor([0.0, value])})
    assert not path.exists()


@pytest.mark.parametrize("damage", ["absent", "cut", "not one", "newer"])
def test_a_damaged_adapter_is_told_in_one_line(adapter: Path, tmp_path: Path, damage: str) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "adapter.safetensors"
    if damage == "cut":
        path.write_bytes(adapter.read_bytes()[:5000])
    elif damage == "not one":
        save_file({"a": np.zeros(3)}, path)
    elif damage == "newer":
        save_file({"a": np.zeros(3)}, path, metadata={"card": '{"version": 2}'})

    with pytest.raises(ModelError, match="is no adapter of nano that can be read") as told:
        load_adapter(path)
    assert "\n" not in str(told.value)


def test_a_whole_model_takes_the_place_of_the_former_one(
    parts: Path, adapter: Path, made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "nano"
    out.mkdir()
    (out / "former.txt").write_text("of an earlier version")

    build_nano(parts, adapter, out)

    assert [one.name for one in tmp_path.iterdir()] == ["nano"]
    plain = tmp_path / "plain"
    plain.mkdir()
    assert out.stat().st_mode == plain.stat().st_mode
    assert len({one.stat().st_mode for one in out.iterdir()}) == 1
    assert {one.name: one.read_bytes() for one in out.iterdir()} == {
        one.name: one.read_bytes() for one in made.iterdir()
    }
    assert load_profile(out) == NANO_PROFILE


@pytest.mark.slow
def test_a_detector_is_written_down_with_the_tower_of_the_model(tmp_path: Path) -> None:
    import torch

    from vau_agent.agent.nano.detector import Head, create_tower, maps_of
    from vau_agent.tools.detector import Detector

    base, path, out = tmp_path / "base", tmp_path / "adapter.safetensors", tmp_path / "out"
    build_tiny_fastvlm(base)
    torch.manual_seed(5)
    head = Head(
        classes=len(CLASSES), side=64, cell_channels=8, channels=12, features=TINY_FEATURES
    ).eval()
    card = CARD.model_copy(update={"detector": DETECTOR})
    save_adapter(path, card, detector=head.state_dict())

    apply_adapter(base, path, out)

    pictures = np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)
    found = Detector.open(out).judge(pictures, np.arange(7.0)).probabilities
    tower = create_tower(TINY_TOWER).eval()
    state = {name: torch.from_numpy(one) for name, one in read(out).items()}
    tower.load_state_dict(
        {name.removeprefix(TOWER): one for name, one in state.items() if name.startswith(TOWER)}
    )
    with torch.inference_mode():
        first = head(maps_of(tower, torch.from_numpy(pictures[None, :BINS])))[0]
    assert np.allclose(found[:2], first.softmax(-1)[0, :2].numpy(), atol=2e-3)
    assert float(found.std(axis=0).max()) > 0.001
