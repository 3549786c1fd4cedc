from pathlib import Path

import numpy as np
import pytest

from vau_agent.agent.backends.transformers.loading import LoadedModel
from vau_agent.agent.backends.transformers.reading import render_prompt, tokenize
from vau_agent.agent.backends.transformers.rendering import render_chat
from vau_agent.training.batches import UNLEARNED, Collator, RowEncoder
from vau_agent.training.chains import RowMaker
from vau_agent.training.models import open_model

WEIGHT = 3.0


@pytest.fixture(scope="module")
def loaded(base: Path) -> LoadedModel:
    return open_model(base)


@pytest.fixture(scope="module")
def encoder(loaded: LoadedModel) -> RowEncoder:
    return RowEncoder(loaded, decision_weight=WEIGHT)


def test_exactly_the_learned_completions_carry_loss(
    maker: RowMaker, encoder: RowEncoder, loaded: LoadedModel
) -> None:
    for row in list(maker.rows())[:40]:
        encoded = encoder.encode(row)
        kept = encoded.ids[encoded.weights > 0].tolist()
        wanted = "".join(
            row.conversation.messages[place].text + "<|im_end|>" for place in row.learned
        )

        assert loaded.tokenizer.decode(kept) == wanted


def test_tokens_equal_those_that_the_agent_reads(
    maker: RowMaker, encoder: RowEncoder, loaded: LoadedModel
) -> None:
    picture = loaded.tokenizer.convert_tokens_to_ids("<image>")
    for row in list(maker.rows())[:40]:
        chat = render_chat(row.conversation, loaded.control_tokens)
        last = row.learned[-1]
        text = render_prompt(loaded, chat.messages[:last])
        prompt = [
            token
            for one in tokenize(loaded, text)
            for token in [one] * (encoder.tokens_per_picture if one == picture else 1)
        ]
        encoded = encoder.encode(row)

        assert encoded.ids[: len(prompt)].tolist() == prompt
        assert len(encoded.pictures) == len(row.conversation.frames)


def test_what_decides_weighs_more(
    maker: RowMaker, encoder: RowEncoder, loaded: LoadedModel
) -> None:
    row = next(
        row
        for row in maker.rows()
        if any(
            row.conversation.messages[place].stage == "self_reflect"
            and '"accept": true' in row.conversation.messages[place].text
            for place in row.learned
        )
        and "<glue>[-1.0" in row.conversation.messages[row.learned[0]].text
    )
    encoded = encoder.encode(row)

    heavy = loaded.tokenizer.decode(encoded.ids[encoded.weights == WEIGHT].tolist())
    assert heavy.split() == ["normal", "true"] or heavy.replace(" ", "") == "normaltrue"


def test_a_batch_is_padded_and_shows_each_row_its_own_pictures(
    maker: RowMaker, encoder: RowEncoder, loaded: LoadedModel
) -> None:
    rows = [encoder.encode(maker.row(place, 0)) for place in range(3)]
    batch = Collator(loaded, maker.store, rows)([{"row": place} for place in range(3)])

    assert batch["input_ids"].shape == (3, max(row.length for row in rows))
    assert batch["attention_mask"].sum(dim=1).tolist() == [row.length for row in rows]
    assert batch["pixel_values"].shape[0] == sum(len(row.pictures) for row in rows)
    learned = batch["labels"] != UNLEARNED
    assert np.array_equal(learned.numpy(), batch["weights"].numpy() > 0)
    clip, number = rows[0].pictures[0]
    pixels = maker.store[clip].pictures[number] / 127.5 - 1
    shown = batch["pixel_values"][0].permute(1, 2, 0).numpy()
    assert np.allclose(shown, pixels, atol=0.01)
