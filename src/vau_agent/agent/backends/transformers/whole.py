"""Reading a whole prompt at every call, by the model's own means: for models that need it so."""

from collections.abc import Sequence
from typing import Any

from PIL import Image as Picture

from vau_agent.agent.backends.base import GenerationSettings
from vau_agent.agent.backends.transformers.loading import LoadedModel
from vau_agent.agent.backends.transformers.reading import adds_special_tokens, render_prompt
from vau_agent.agent.backends.transformers.rendering import ChatMessage
from vau_agent.agent.backends.transformers.writing import Written, write_down


def prepare_whole(
    loaded: LoadedModel, messages: Sequence[ChatMessage], pictures: Sequence[Picture.Image]
) -> Any:  # noqa: ANN401 - transformers' own class
    """Give a prompt as the model's own processor writes it."""
    text = render_prompt(loaded, messages)
    return loaded.processor(
        text=[text],
        images=list(pictures) or None,
        add_special_tokens=adds_special_tokens(loaded, text),
        return_tensors="pt",
    ).to(loaded.device)


def write_whole(loaded: LoadedModel, inputs: Any, settings: GenerationSettings) -> Written:  # noqa: ANN401 - transformers' own class
    """Read a prompt and write its completion."""
    import torch
    from transformers import GenerationConfig

    sampled = settings.temperature > 0
    build_config: Any = GenerationConfig  # carries no annotations
    config = build_config(
        max_new_tokens=settings.max_new_tokens,
        do_sample=sampled,
        **({"temperature": settings.temperature, "top_k": 0, "top_p": 1.0} if sampled else {}),
        eos_token_id=sorted(loaded.stop_ids),
        pad_token_id=loaded.tokenizer.pad_token_id,
        return_dict_in_generate=True,
        output_logits=True,
    )
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(settings.seed)
        outputs = loaded.model.generate(**inputs, generation_config=config)
    ids = outputs.sequences[0, inputs["input_ids"].shape[1] :].tolist()
    return write_down(ids, [one[0] for one in outputs.logits], loaded.stop_ids)
