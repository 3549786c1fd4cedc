"""Lets a model answer the first question of every row itself, by chance as it would at T = 1."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from vau_agent.agent.backends.transformers.loading import LoadedModel
from vau_agent.training.batches import Collator, EncodedRow, RowEncoder
from vau_agent.training.clips import ClipStore
from vau_agent.training.config import LanguageConfig
from vau_agent.training.models import open_model
from vau_agent.training.own_answers import AnswersHeader, OwnAnswer, save_answers
from vau_agent.training.sft import make_rows

AT_ONCE: Final = 24
_MAX_NEW: Final = 96

OnAnswers = Callable[[int, int], None]
"""Told how many are answered, and how many there are."""


def sample_answers(
    model: Path,
    out: Path,
    store: ClipStore,
    config: LanguageConfig,
    *,
    detector: Path | None = None,
    on_answers: OnAnswers = lambda done, wanted: None,
) -> int:
    """Write a model's own first answers to a file; give how many.

    Args:
        model: Model folder that has learned to answer.
        out: File for `train_language`.
        store: The clips of the training that is to come, and likewise `config` and `detector`.
        config: Its seed also draws the answers.
        detector: Folder of a trained detector.
        on_answers: Progress.
    """
    import torch

    torch.manual_seed(config.seed)
    loaded = open_model(model)
    encoder = RowEncoder(loaded, decision_weight=config.decision_weight)
    maker = make_rows(model, store, config, detector=detector)
    prompts = [(key, encoder.encode_prompt(asked)) for key, asked in maker.asked()]
    prompts.sort(key=lambda pair: pair[1].length)
    rows = [row for _, row in prompts]
    collator = Collator(loaded, store, rows)
    answers: list[OwnAnswer] = []
    for first in range(0, len(prompts), AT_ONCE):
        batch = prompts[first : first + AT_ONCE]
        texts = _complete(loaded, collator, [row for _, row in batch])
        answers.extend(
            OwnAnswer(key=key, text=text) for (key, _), text in zip(batch, texts, strict=True)
        )
        on_answers(len(answers), len(prompts))
    header = AnswersHeader(model=str(model), seed=config.seed, clips=config.clips, rows=config.rows)
    save_answers(out, header, answers)
    return len(answers)


def _complete(loaded: LoadedModel, collator: Collator, rows: Sequence[EncodedRow]) -> list[str]:
    """Write one completion for each prompt; they are padded on the left."""
    import torch

    longest = max(row.length for row in rows)
    ids = np.full((len(rows), longest), loaded.tokenizer.pad_token_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    for line, row in enumerate(rows):
        ids[line, longest - row.length :] = row.ids
        mask[line, longest - row.length :] = 1
    generate: Any = loaded.model.generate
    with torch.inference_mode():
        written = generate(
            input_ids=torch.from_numpy(ids).to(loaded.device),
            attention_mask=torch.from_numpy(mask).to(loaded.device),
            pixel_values=collator.pixels(rows).to(loaded.device, loaded.model.dtype),
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            max_new_tokens=_MAX_NEW,
        )
    texts: list[str] = loaded.tokenizer.batch_decode(written[:, longest:], skip_special_tokens=True)
    return texts
