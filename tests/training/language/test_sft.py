import json
import shutil
from pathlib import Path
from typing import Final

import pytest

from vau_agent.agent.nano.adapter import load_adapter
from vau_agent.errors import ModelError, SettingsError
from vau_agent.training.checkpoints import WHOLE, find_checkpoint, whole_checkpoints
from vau_agent.training.clips import ClipStore
from vau_agent.training.config import ClipRange, LanguageConfig
from vau_agent.training.exporting import export_adapter
from vau_agent.training.models import open_model, save_model
from vau_agent.training.sft import LOG, LanguageCard, plan_order, train_language

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing:FutureWarning"),
]

CONFIG: Final = LanguageConfig(
    clips=ClipRange(count=12),
    max_steps=4,
    batch=2,
    warmup_steps=1,
    precision="float32",
    checkpoint_minutes=1e-6,
    log_steps=1,
)


@pytest.fixture(scope="module")
def trained(base: Path, store: ClipStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished training of four steps, with a checkpoint after each, the last two kept."""
    out = tmp_path_factory.mktemp("sft") / "out"
    train_language(base, out, store, CONFIG)
    return out


def losses(out: Path) -> dict[int, float]:
    lines = [json.loads(line) for line in (out / LOG).read_text().splitlines()]
    return {int(line["step"]): line["loss"] for line in lines if "loss" in line}


def test_a_killed_training_goes_on_as_if_it_had_not_been(
    base: Path, store: ClipStore, trained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(trained / "checkpoint-3", out / "checkpoint-3")
    shutil.copytree(trained / "checkpoint-4", out / "checkpoint-4")
    (out / "checkpoint-4" / WHOLE).unlink()  # killed while it was written
    (out / "checkpoint-4" / "optimizer.pt").write_bytes(b"half")
    (out / LOG).write_text('{"step": 3.0, "loss": 9.0}\n{"step": 4.0, "loss": 9.0}\n{"st')

    card = train_language(base, out, store, CONFIG, resume=True)

    assert card.steps == 4
    assert losses(out) == {3: 9.0, 4: pytest.approx(losses(trained)[4], abs=1e-5)}
    steps = [json.loads(line)["step"] for line in (out / LOG).read_text().splitlines()]
    assert steps.count(4.0) == 2  # the step, and the summary at the end


def test_only_lora_and_projector_learn_and_are_exported(
    base: Path, trained: Path, tmp_path: Path
) -> None:
    path = tmp_path / "adapter.safetensors"
    export_adapter(base, trained, path)

    card, weights = load_adapter(path)
    groups = {name.partition(".")[0] for name in weights}
    assert groups == {"lora", "projector"}
    assert card.lora_scale == 2.0
    assert card.made["steps"] == "4"
    before = open_model(base).model.model.multi_modal_projector.state_dict()
    assert abs(weights["projector.linear_2.weight"] - before["linear_2.weight"].numpy()).max() > 0
    assert any(abs(one).max() > 0 for name, one in weights.items() if name.endswith(".B"))
    assert not any("vision_tower" in name or "lm_head" in name for name in weights)


def test_a_running_training_is_exported_from_its_last_checkpoint(
    base: Path, trained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(trained / "checkpoint-3", out / "checkpoint-3")

    card = export_adapter(base, out, tmp_path / "adapter.safetensors")

    assert card.made == {"stage 2": "not finished, checkpoint-3"}
    with pytest.raises(ModelError, match="'vau-agent train sft' makes one"):
        export_adapter(base, tmp_path / "none", tmp_path / "adapter.safetensors")


def test_an_adapter_learns_on(base: Path, store: ClipStore, trained: Path, tmp_path: Path) -> None:
    seen: list[dict[str, float]] = []
    again = CONFIG.model_copy(update={"max_steps": 1})

    train_language(base, tmp_path / "on", store, again, start=trained, on_line=seen.append)
    train_language(base, tmp_path / "anew", store, again, on_line=seen.append)

    before = [line["loss_before"] for line in seen if "loss_before" in line]
    assert before[0] < before[1]
    with pytest.raises(ModelError, match="holds no trained adapter"):
        train_language(base, tmp_path / "none", store, again, start=tmp_path)


def test_the_card_tells_what_was_learned_from(trained: Path) -> None:
    card = LanguageCard.model_validate_json((trained / "stage2.json").read_bytes())

    assert (card.clips, card.rows, card.steps) == (12, 12, 4)
    assert 0 < card.learned_tokens < card.tokens


def test_a_model_that_does_not_see_is_refused(base: Path, store: ClipStore, tmp_path: Path) -> None:
    blind = open_model(base)
    projector = blind.model.model.multi_modal_projector
    projector.linear_2.weight.zero_()
    projector.linear_2.bias.zero_()
    save_model(blind, base, tmp_path / "blind")

    with pytest.raises(ModelError, match="what pictures show does not reach the language model"):
        train_language(tmp_path / "blind", tmp_path / "out", store, CONFIG)


def test_a_training_is_not_written_over(trained: Path, tmp_path: Path) -> None:
    assert [path.name for path in whole_checkpoints(trained)] == ["checkpoint-3", "checkpoint-4"]
    with pytest.raises(SettingsError, match="go on with --resume"):
        find_checkpoint(trained, resume=False)
    with pytest.raises(SettingsError, match="leave --resume out"):
        find_checkpoint(tmp_path, resume=True)


def test_batches_hold_rows_of_similar_length_and_each_pass_holds_all() -> None:
    lengths = [100 + 7 * (place * 13 % 60) for place in range(60)]
    order = plan_order(lengths, CONFIG.model_copy(update={"epochs": 2.0, "batch": 4}))

    assert sorted(order[:60]) == sorted(order[60:]) == list(range(60))
    assert order == plan_order(lengths, CONFIG.model_copy(update={"epochs": 2.0, "batch": 4}))
    batches = [order[first : first + 4] for first in range(0, 60, 4)]
    spans = [
        max(lengths[one] for one in some) - min(lengths[one] for one in some) for some in batches
    ]
    assert max(spans) <= 60
