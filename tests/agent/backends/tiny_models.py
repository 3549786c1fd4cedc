"""Image-text-to-text models with random weights: real architectures, a few hundred kilobytes each.

What they write is noise, but it is the same noise every time, through the same code that runs the
real weights: tokenizer, chat template, image processor, vision tower, language model.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vau_agent.agent.nano.build import join_processor
from vau_agent.agent.prompting import PROMPT_NAMES, load_prompt
from vau_agent.torchvision_shim import install_shim

VOCABULARY: Final = 1024
SPECIAL_TOKENS: Final = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<image>",
)
QWEN_PICTURE: Final = "<|vision_start|><|image_pad|><|vision_end|>"
QWEN_VIDEO: Final = "<|vision_start|><|video_pad|><|vision_end|>"
LLAVA_PICTURE: Final = "<image>"
TINY_TOWER: Final = "lcnet_035"
TINY_FEATURES: Final = 176

_TEMPLATE: Final = """{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.content is string %}{{ message.content }}{% else -%}
{%- for part in message.content -%}
{%- if part.type == "image" -%}PICTURE{%- else -%}{{ part.text }}{%- endif -%}
{%- endfor -%}
{%- endif %}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif -%}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class TinySize:
    """How large a model is made; the defaults suit tests, benches ask for more."""

    hidden: int = 128
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    picture_side: int = 64
    """Pixels of a picture's side as the FastVLM sees it."""
    context: int = 16_384
    sliding_window: int | None = None
    """Tokens that the FastVLM's language model looks back; `None` looks back at all."""
    spread: float = 0.2
    """Deviation of the weights: far enough apart that rounding does not reorder likely tokens. A
    deep model needs less, or it amplifies rounding itself; trained ones begin with 0.02."""
    seed: int = 0


def build_tiny_qwen25vl(folder: Path, size: TinySize | None = None) -> Path:
    """Save a Qwen2.5-VL with random weights, its tokenizer and processor; give the folder.

    A picture becomes 4 to 16 tokens, by its size and shape.
    """
    install_shim()
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    size = size or TinySize()
    tokenizer = _build_tokenizer(QWEN_PICTURE)
    pixels = {"shortest_edge": 4 * 28 * 28, "longest_edge": 16 * 28 * 28}
    build_processor: Any = Qwen2_5_VLProcessor  # carries no annotations
    processor = build_processor(
        image_processor=Qwen2VLImageProcessor(size=pixels),
        video_processor=Qwen2VLVideoProcessor(size=pixels),
        tokenizer=tokenizer,
        chat_template=tokenizer.chat_template,
    )
    config = Qwen2_5_VLConfig(
        text_config={
            **_text_config(size, tokenizer),
            "rope_parameters": _spread_positions(size),
        },
        vision_config={
            "depth": size.layers,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 2,
            "out_hidden_size": size.hidden,
            "fullatt_block_indexes": [size.layers - 1],
        },
        tie_word_embeddings=True,
        **_vision_tokens(tokenizer),
    )
    return _save(folder, Qwen2_5_VLForConditionalGeneration, config, processor, size.seed)


def build_tiny_qwen3vl(folder: Path, size: TinySize | None = None) -> Path:
    """Save a Qwen3-VL with random weights: its pictures enter at several depths."""
    install_shim()
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    size = size or TinySize()
    tokenizer = _build_tokenizer(QWEN_PICTURE)
    pixels = {"shortest_edge": 4 * 32 * 32, "longest_edge": 16 * 32 * 32}
    build_processor: Any = Qwen3VLProcessor  # carries no annotations
    processor = build_processor(
        image_processor=Qwen2VLImageProcessor(size=pixels, patch_size=16),
        video_processor=Qwen3VLVideoProcessor(),
        tokenizer=tokenizer,
        chat_template=tokenizer.chat_template,
    )
    config = Qwen3VLConfig(
        text_config={
            **_text_config(size, tokenizer),
            "head_dim": size.hidden // size.heads,
            "rope_parameters": {**_spread_positions(size), "mrope_interleaved": True},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 2,
            "out_hidden_size": size.hidden,
            "deepstack_visual_indexes": [0, 1],
            "num_position_embeddings": 256,
        },
        tie_word_embeddings=True,
        **_vision_tokens(tokenizer),
    )
    return _save(folder, Qwen3VLForConditionalGeneration, config, processor, size.seed)


def build_tiny_fastvlm(folder: Path, size: TinySize | None = None) -> Path:
    """Save a FastVLM with random weights: a small timm network and a Llama; give the folder.

    A picture becomes (side / 32) squared tokens, 4 by default.
    """
    install_shim()
    from transformers import FastVlmConfig, FastVlmForConditionalGeneration

    size = size or TinySize()
    tokenizer = _build_tokenizer(LLAVA_PICTURE)
    processor = join_processor(tokenizer, side=size.picture_side)
    language = (
        {"model_type": "llama"}
        if size.sliding_window is None
        else {"model_type": "mistral", "sliding_window": size.sliding_window}
    )
    config = FastVlmConfig(
        text_config={**language, **_text_config(size, tokenizer)},
        vision_config={
            "model_type": "timm_wrapper",
            "architecture": TINY_TOWER,
            "do_pooling": False,
            "hidden_size": TINY_FEATURES,
            "num_classes": 0,
            "model_args": {},
        },
        image_token_index=tokenizer.convert_tokens_to_ids(LLAVA_PICTURE),
        image_seq_length=(size.picture_side // 32) ** 2,
        tie_word_embeddings=True,
    )
    return _save(folder, FastVlmForConditionalGeneration, config, processor, size.seed)


def _spread_positions(size: TinySize) -> dict[str, Any]:
    """Share a head's frequencies out to time, height and width, as the published models do."""
    half = size.hidden // size.heads // 2
    third = half * 3 // 8
    return {
        "rope_type": "default",
        "rope_theta": 1_000_000.0,
        "mrope_section": [half - 2 * third, third, third],
    }


def _vision_tokens(tokenizer: Any) -> dict[str, Any]:  # noqa: ANN401 - transformers' own class
    return {
        "image_token_id": tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        "video_token_id": tokenizer.convert_tokens_to_ids("<|video_pad|>"),
        "vision_start_token_id": tokenizer.convert_tokens_to_ids("<|vision_start|>"),
        "vision_end_token_id": tokenizer.convert_tokens_to_ids("<|vision_end|>"),
    }


def _text_config(size: TinySize, tokenizer: Any) -> dict[str, Any]:  # noqa: ANN401 - transformers'
    return {
        "vocab_size": VOCABULARY,
        "hidden_size": size.hidden,
        "intermediate_size": 2 * size.hidden,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.kv_heads,
        "max_position_embeddings": size.context,
        "initializer_range": size.spread,
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _build_tokenizer(picture: str) -> Any:  # noqa: ANN401 - transformers' own class
    """Train a byte-level tokenizer on the package's prompts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    build_fast: Any = PreTrainedTokenizerFast  # carries no annotations
    fast = build_fast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=[
            token for token in SPECIAL_TOKENS if token not in ("<|im_end|>", "<|endoftext|>")
        ],
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = _TEMPLATE.replace("PICTURE", picture)
    return fast


def _corpus() -> Iterator[str]:
    for name in PROMPT_NAMES:
        yield load_prompt(name).text


def _save(folder: Path, model_class: Any, config: Any, processor: Any, seed: int) -> Path:  # noqa: ANN401 - transformers' own classes
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = model_class(config).eval()
        _open_eyes(model)
    model.generation_config.eos_token_id = processor.tokenizer.eos_token_id
    model.generation_config.pad_token_id = processor.tokenizer.pad_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _open_eyes(model: Any) -> None:  # noqa: ANN401 - transformers' own class
    """Have pictures matter: a convolutional tower with random weights lets next to nothing pass.

    Its normalisations are set to what they see of noise, and its projector is turned up.
    """
    import torch

    projector = getattr(model.model, "multi_modal_projector", None)
    if projector is None:
        return
    tower = model.model.vision_tower
    for layer in tower.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # the mean of all batches
    with torch.no_grad():
        tower.train()(torch.randn(8, 3, 64, 64))
        tower.eval()
        for linear in (projector.linear_1, projector.linear_2):
            linear.weight.mul_(10)
