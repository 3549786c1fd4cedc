"""The two parts that nano is made of, with random weights: a language model's GGUF, a tower."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from vau_agent.torchvision_shim import install_shim

WIDTH: Final = 64
LAYERS: Final = 2
HEADS: Final = 4
SPECIAL: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def lay_parts(stage: Path) -> Path:
    """Write both into a folder, as unpacked wheels leave them."""
    stage.mkdir(parents=True)
    _write_language(stage / "language.gguf")
    _write_tower(stage / "tower.pth")
    return stage


def _write_language(path: Path) -> None:
    import gguf

    random = np.random.default_rng(0)
    tokens = [*SPECIAL, *_bytes(), "Ġf", "al", "Ġfal"]
    writer: Any = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(SPECIAL) + [1] * (len(tokens) - len(SPECIAL)))
    writer.add_token_merges(["Ġ f", "a l", "Ġf al"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    for name, shape in _shapes(len(tokens)):
        values = np.ones(shape) if len(shape) == 1 else random.normal(0, 0.1, shape)
        writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _shapes(tokens: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "token_embd.weight", (tokens, WIDTH)
    yield "output_norm.weight", (WIDTH,)
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{name}.weight", (WIDTH, WIDTH)
        for name in ("ffn_gate", "ffn_up"):
            yield f"blk.{layer}.{name}.weight", (2 * WIDTH, WIDTH)
        yield f"blk.{layer}.ffn_down.weight", (WIDTH, 2 * WIDTH)
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{layer}.{name}.weight", (WIDTH,)


def _bytes() -> list[str]:
    """Every byte as byte-level tokenizers write it."""
    from tokenizers import pre_tokenizers

    return sorted(pre_tokenizers.ByteLevel.alphabet())


def _write_tower(path: Path) -> None:
    """Write them as their package does: under other names, in timm's order, classifier last."""
    install_shim()
    import timm
    import torch

    torch.manual_seed(0)
    state = timm.create_model("tf_efficientnet_lite0").state_dict()
    torch.save({f"theirs.{place}": one for place, one in enumerate(state.values())}, path)
