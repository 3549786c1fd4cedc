import re
from pathlib import Path

import pytest

from vau_agent.agent.catalogue import (
    HubPart,
    ModelEntry,
    best_policy,
    find_model,
    load_catalogue,
    model_setting,
    model_state,
    policy_folder,
    resolve_model,
)
from vau_agent.agent.downloads.pull import megabytes
from vau_agent.agent.receipts import write_receipt
from vau_agent.errors import ModelError, SettingsError

ENTRIES = tuple(load_catalogue().values())
POLICIES = (
    "rules",
    "qwen2.5-vl-3b-instruct",
    "qwen2.5-vl-7b-instruct",
    "qwen3-vl-4b-instruct",
    "smolvlm2-500m-video-instruct",
    "internvl3-1b",
)


def pulled(name: str, models: Path) -> Path:
    """Lay a model down as a pull would."""
    folder = models / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    write_receipt(folder, name, ("made up",))
    return folder


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_says_what_a_person_must_know(entry: ModelEntry) -> None:
    assert entry.role.endswith(".")
    assert all(entry.licences)
    if entry.built_in:
        return
    assert entry.bytes > 0
    assert entry.parameters
    assert (entry.context_tokens is not None) == (entry.kind != "embedder")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_only_weights_without_code_are_fetched_from_the_hub(entry: ModelEntry) -> None:
    for part in entry.parts:
        if isinstance(part, HubPart):
            assert not [name for name in part.files if re.search(r"bin$|\.pt|pkl|\.py|^\*$", name)]
            assert part.revision is not None


def test_the_families_that_the_policy_may_be_are_listed() -> None:
    assert set(POLICIES) <= load_catalogue().keys()
    assert {entry.kind for entry in ENTRIES} == {"policy", "embedder", "base"}


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean 'conse'"):
        find_model("konse")


def test_memory_grows_with_the_width_of_a_value() -> None:
    entry = find_model("qwen2.5-vl-7b-instruct")

    fp32, bf16, int4 = (entry.memory(name) for name in ("fp32", "bf16", "int4"))

    assert fp32 is not None
    assert bf16 is not None
    assert int4 is not None
    assert fp32 > bf16 > int4
    assert bf16 > (entry.parameters or 0) * 2
    assert find_model("rules").memory("bf16") is None


def test_a_size_that_no_source_tells_follows_from_the_values_and_says_so() -> None:
    part = HubPart(repository="a/b", files=("*.safetensors",), licence="MIT")
    entry = find_model("rules").model_copy(
        update={"parts": (part,), "parameters": 1000, "weights": "fp32"}
    )

    assert entry.bytes == 4000
    assert entry.is_size_estimated
    assert "revision not pinned" in part.place


def test_a_pulled_model_is_found_by_name_and_by_repository(tmp_path: Path) -> None:
    folder = pulled("qwen3-vl-4b-instruct", tmp_path)

    assert resolve_model("qwen3-vl-4b-instruct", tmp_path) == folder
    assert resolve_model("Qwen/Qwen3-VL-4B-Instruct", tmp_path) == folder


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    assert resolve_model(str(tmp_path), tmp_path / "models") == tmp_path


@pytest.mark.parametrize(
    "policy",
    [
        "transformers:smolvlm2-500m-video-instruct",
        "vllm:smolvlm2-500m-video-instruct",
        "openai:smolvlm2-500m-video-instruct@http://127.0.0.1:8000/v1",
    ],
)
def test_the_folder_of_a_policys_model_is_found_however_it_is_run(
    policy: str, tmp_path: Path
) -> None:
    before = policy_folder(policy, tmp_path)
    folder = pulled("smolvlm2-500m-video-instruct", tmp_path)

    assert before is None
    assert policy_folder(policy, tmp_path) == folder


def test_a_servers_model_is_no_folder_of_this_machine(tmp_path: Path) -> None:
    assert policy_folder(f"openai:{tmp_path}@http://127.0.0.1:8000/v1", tmp_path) is None
    assert policy_folder("rules", tmp_path) is None


def test_the_best_policy_is_a_promoted_model_that_is_here(tmp_path: Path) -> None:
    name = "smolvlm2-500m-video-instruct"
    plain = find_model(name)
    promoted = plain.model_copy(update={"promoted": True})
    absent = best_policy([promoted], tmp_path)
    pulled(name, tmp_path)

    assert absent == "rules"
    assert best_policy([plain], tmp_path) == "rules"
    assert best_policy([plain, promoted], tmp_path) == model_setting(promoted, tmp_path)


def test_what_is_not_here_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="vau-agent models pull internvl3-1b"):
        resolve_model("internvl3-1b", tmp_path)
    with pytest.raises(ModelError, match="hf download Some/Model --local-dir DIR"):
        resolve_model("Some/Model", tmp_path)
    with pytest.raises(ModelError, match="hf download ORG/NAME"):
        resolve_model("nothing-of-that-name", tmp_path)


def test_a_folder_without_a_receipt_is_not_whole(tmp_path: Path) -> None:
    folder = pulled("internvl3-1b", tmp_path)
    entry = find_model("internvl3-1b")
    assert model_state(entry, tmp_path) == "here"

    (folder / "vau-model.json").unlink()

    assert model_state(entry, tmp_path) == "damaged"


def test_an_embedder_from_the_hub_is_set_by_where_its_weights_lie(tmp_path: Path) -> None:
    setting = model_setting(find_model("clip-vit-b-32"), tmp_path)

    assert setting == f"open_clip:ViT-B-32/{tmp_path}/clip-vit-b-32/open_clip_model.safetensors"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_page_of_models_says_what_the_catalogue_says(entry: ModelEntry) -> None:
    page = Path(__file__).parents[2] / "docs" / "models.md"
    (row,) = [
        line for line in page.read_text().splitlines() if line.startswith(f"| `{entry.name}` |")
    ]

    for licence in entry.licences:
        assert licence in row
    for part in entry.parts:
        told = (
            (part.repository, part.revision or "")
            if isinstance(part, HubPart)
            else (
                part.package,
                part.version,
            )
        )
        assert all(word[:12] in row for word in told)
    if not entry.built_in:
        assert f"| {'~' if entry.is_size_estimated else ''}{megabytes(entry.bytes)} |" in row
