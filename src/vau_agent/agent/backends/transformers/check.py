"""Finds out, on the model at hand, whether reading in stretches gives what reading at once gives.

Architectures differ in how pictures enter the text, in what positions tokens take, and in what
their caches keep; a list of names would be a guess for every model that is not on it. So a short
prompt with two pictures is read both ways, and only where the outcome is the same are tokens and
pictures kept between calls.
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

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

TOLERANCE: Final = {"float32": 1e-3, "bfloat16": 6e-2, "float16": 2e-2}
"""Largest difference of a logit, as a share of the largest logit; reading in another order rounds
otherwise. A picture or position in the wrong place moves logits by far more."""


def find_reader(loaded: LoadedModel) -> Reader | None:
    """Give the reader that reads in stretches, or `None` where this model has to read at once."""
    import torch

    try:
        reader = Reader(loaded)
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
    import torch
    from transformers import DynamicCache

    if not is_plain(DynamicCache(config=loaded.model.config)):
        return "its cache does not keep all tokens in order"
    messages, pictures = _probe()
    text = render_prompt(loaded, messages)
    inputs: Any = loaded.processor(
        text=[text],
        images=list(pictures),
        add_special_tokens=adds_special_tokens(loaded, text),
        return_tensors="pt",
    ).to(loaded.device)
    with torch.inference_mode():
        at_once = loaded.model(**inputs, use_cache=False).logits[0, -1].float()
    encoded = [reader.encode(one, str(number)) for number, one in enumerate(pictures)]
    prompt = reader.lay_out(messages, encoded)
    if list(prompt.ids) != inputs["input_ids"][0].tolist():
        return "its processor lays a prompt out in another way"
    in_stretches = _read_in_stretches(reader, prompt).float()
    allowed = TOLERANCE[str(loaded.model.dtype).removeprefix("torch.")]
    difference = float((at_once - in_stretches).abs().max() / at_once.abs().max())
    return None if difference <= allowed else f"logits differ by {difference:.2g} of the largest"


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


def _probe() -> tuple[list[ChatMessage], tuple[Picture.Image, ...]]:
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
