"""Finds out, on the model at hand, whether reading in stretches gives what reading at once gives.

Architectures differ in how pictures enter the text, in what positions tokens take, and in what
their caches keep; a list of names would be a guess for every model that is not on it. So a short
prompt with two pictures is read both ways, and only where the language model is given the same, and
says the same, are tokens and pictures kept between calls.
"""

import logging
from typing import TYPE_CHECKING, Any, Final

from PIL import Image as Picture

from vau_agent.agent.backends.transformers.loading import LoadedModel
from vau_agent.agent.backends.transformers.memory import is_plain
from vau_agent.agent.backends.transformers.reading import (
    Reader,
    ReadPrompt,
    adds_special_tokens,
    render_prompt,
)
from vau_agent.agent.backends.transformers.rendering import ChatMessage
from vau_agent.agent.backends.transformers.running import TorchRunner

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

TOLERANCE: Final = {"float32": 1e-3, "bfloat16": 6e-2, "float16": 2e-2}
"""Largest difference of a logit, as a share of the largest logit; reading in another order rounds
otherwise. A picture or position in the wrong place moves logits by far more."""


ORDINARY_INPUTS: Final = frozenset(
    {
        "inputs_embeds",
        "attention_mask",
        "position_ids",
        "cache_position",
        "past_key_values",
        "use_cache",
        "return_dict",
        "output_attentions",
        "output_hidden_states",
    }
)
"""What a language model may be given at most, for its pictures to be nothing but embeddings."""


def find_reader(loaded: LoadedModel) -> Reader | None:
    """Give the reader that reads in stretches, or `None` where this model has to read at once."""
    import torch

    try:
        reader = Reader(loaded, TorchRunner(loaded.model))
        fault = _fault(loaded, reader)
    except torch.OutOfMemoryError:
        raise
    except (
        AttributeError,
        IndexError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:  # whatever an architecture of another build stumbles over
        fault = f"{type(error).__name__}: {error}"
        reader = None
    if reader is None or fault:
        logger.info("%s reads every prompt anew: %s", loaded.name, fault)
        return None
    return reader


def _fault(loaded: LoadedModel, reader: Reader) -> str | None:
    """Say in what reading in stretches differs, if it does."""
    from transformers import DynamicCache

    if not is_plain(DynamicCache(config=loaded.model.config)):
        return "its cache does not keep all tokens in order"
    messages, pictures = probe_prompt()
    text = render_prompt(loaded, messages)
    inputs: Any = loaded.processor(
        text=[text],
        images=list(pictures),
        add_special_tokens=adds_special_tokens(loaded, text),
        return_tensors="pt",
    ).to(loaded.device)
    encoded = [reader.encode(one, str(number)) for number, one in enumerate(pictures)]
    prompt = reader.lay_out(messages, encoded)
    if list(prompt.ids) != inputs["input_ids"][0].tolist():
        return "its processor lays a prompt out in another way"
    at_once, taken = _read_at_once(loaded, inputs)
    allowed = TOLERANCE[str(loaded.model.dtype).removeprefix("torch.")]
    fault = _fault_of_inputs(reader, prompt, taken, allowed)
    if fault is not None:
        return fault
    in_stretches = _read_in_stretches(reader, prompt).float()
    difference = float((at_once - in_stretches).abs().max() / at_once.abs().max())
    return None if difference <= allowed else f"logits differ by {difference:.2g} of the largest"


def _read_at_once(loaded: LoadedModel, inputs: Any) -> "tuple[torch.Tensor, dict[str, Any]]":  # noqa: ANN401 - transformers' own class
    """Give the last logits by the model's own means, and what its language model was given."""
    import torch

    taken: dict[str, Any] = {}
    hook = loaded.model.get_decoder().register_forward_pre_hook(
        lambda module, positional, named: taken.update(named), with_kwargs=True
    )
    try:
        with torch.inference_mode():
            logits = loaded.model(**inputs, use_cache=False).logits[0, -1]
    finally:
        hook.remove()
    return logits.float(), taken


def _fault_of_inputs(
    reader: Reader, prompt: ReadPrompt, taken: dict[str, Any], allowed: float
) -> str | None:
    """Say what else than our own inputs the language model was given.

    Logits alone would not tell: what a picture adds on another way may be small for the probe's
    pictures and large for others.
    """
    import torch

    others = {name for name, value in taken.items() if value is not None} - ORDINARY_INPUTS
    if others:
        return f"its language model is given {', '.join(sorted(others))}"
    mask = taken.get("attention_mask")
    if mask is not None and not (isinstance(mask, torch.Tensor) and bool(mask.bool().all())):
        return "its attention is not simply causal"
    with torch.inference_mode():
        ours = reader.embed(prompt, start=0, end=len(prompt.ids))
    theirs = taken["inputs_embeds"]
    apart = (ours - theirs).float().norm(dim=-1) / theirs.float().norm(dim=-1).clamp_min(1e-6)
    if float(apart.max()) > allowed:
        return f"embeddings differ by {float(apart.max()):.2g} of their length"
    positions, given = reader.positions(prompt), taken.get("position_ids")
    if given is None:
        return None if positions is None else "its positions differ"
    if positions is None:
        positions = torch.arange(len(prompt.ids), device=given.device).expand_as(given)
    return None if torch.equal(positions, given) else "its positions differ"


def _read_in_stretches(reader: Reader, prompt: ReadPrompt) -> "torch.Tensor":
    """Read up to behind the first picture, then nearly all, then the last token by itself."""
    from transformers import DynamicCache

    cache = DynamicCache()
    positions = reader.positions(prompt)
    middle = prompt.keys.index("1:0") - 2
    end = len(prompt.ids)
    reader.read(prompt, positions, cache, start=0, end=middle)
    reader.read(prompt, positions, cache, start=middle, end=end - 1)
    before = None if positions is None else positions[..., : end - 1]
    return reader.read_token(prompt.ids[-1], cache, before)


def probe_prompt() -> tuple[list[ChatMessage], tuple[Picture.Image, ...]]:
    """Give a prompt with two pictures of unlike content and shape."""
    wide, tall = Picture.linear_gradient("L"), Picture.radial_gradient("L")
    pictures = (wide.resize((168, 112)).convert("RGB"), tall.resize((112, 168)).convert("RGB"))
    return [
        {"role": "system", "content": [{"type": "text", "text": "Look at the frames."}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "[f1 at 0.00 s]"},
                {"type": "image"},
                {"type": "text", "text": "\nThis came first.\n[f2 at 1.00 s]"},
                {"type": "image"},
                {"type": "text", "text": "\nWhat changed between them?"},
            ],
        },
    ], pictures
