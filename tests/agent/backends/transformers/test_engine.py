"""ONNX graphs against torch, on a FastVLM with random weights."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.backends.albums import Album
from tests.agent.backends.transformers.conftest import Turn
from vau_agent.agent.backends.base import BackendContext, Completion, GenerationSettings
from vau_agent.agent.backends.transformers.backend import TransformersBackend
from vau_agent.agent.backends.transformers.check import find_reader, probe_prompt
from vau_agent.agent.backends.transformers.engine.card import CARD, TokenAgreement
from vau_agent.agent.backends.transformers.engine.exporting import compare, export_engine
from vau_agent.agent.backends.transformers.engine.opening import (
    engine_folder,
    find_engine,
    make_engine,
    open_model,
)
from vau_agent.agent.backends.transformers.engine.runner import STRETCH, OnnxRunner
from vau_agent.agent.backends.transformers.engine.weights import gather_weights, read_shape
from vau_agent.agent.backends.transformers.folder import digest_folder
from vau_agent.agent.backends.transformers.loading import LoadedModel, load_model
from vau_agent.agent.backends.transformers.opening import open_transformers
from vau_agent.agent.backends.transformers.reading import Reader
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.receipts import write_receipt
from vau_agent.errors import GenerationError, ModelError
from vau_agent.memory.embedders.base import Precision
from vau_agent.schemas import FrameRef
from vau_agent.settings import LocalSettings

pytest.importorskip("onnxruntime", reason="the extra 'local' is not installed")
np = pytest.importorskip("numpy")

ROUGH = TokenAgreement(likeliest=0.5, divergence=0.2)
"""Random weights put many tokens nearly level."""
WRITE = GenerationSettings(max_new_tokens=12)


def nowhere(name: str) -> Path:
    raise AssertionError(f"no base model is asked for, got {name}")


@pytest.fixture(scope="module")
def folder(tiny_fastvlm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with both engines."""
    place = tmp_path_factory.mktemp("engines") / "tiny"
    shutil.copytree(tiny_fastvlm, place)
    make_engine(place, "tiny", nowhere, "fp32")
    loaded = load_model(place, "tiny", nowhere)
    reader = find_reader(loaded)
    assert reader is not None
    export_engine(
        loaded,
        reader,
        engine_folder(place, "int8"),
        precision="int8",
        model=digest_folder(place),
        least=ROUGH,
    )
    return place


@pytest.fixture(scope="module")
def loaded(folder: Path) -> LoadedModel:
    return load_model(folder, "tiny", nowhere)


@pytest.fixture(scope="module")
def torch_reader(loaded: LoadedModel) -> Reader:
    reader = find_reader(loaded)
    assert reader is not None
    return reader


def engine_reader(loaded: LoadedModel, folder: Path, precision: Precision) -> Reader:
    card = find_engine(folder, precision)
    assert card is not None
    return Reader(loaded, OnnxRunner(engine_folder(folder, precision), card, threads=1))


@pytest.fixture
def open_with(folder: Path, album: Album) -> Callable[..., TransformersBackend]:
    def opened(**settings: object) -> TransformersBackend:
        local = LocalSettings.model_validate(settings)
        return open_transformers(str(folder), BackendContext(pictures=album.load, local=local))

    return opened


def test_exact_graphs_give_the_logits_that_torch_gives(
    loaded: LoadedModel, torch_reader: Reader, folder: Path
) -> None:
    messages, pictures = probe_prompt()
    rows = []
    for reader in (torch_reader, engine_reader(loaded, folder, "fp32")):
        prompt = reader.lay_out(
            messages, [reader.encode(one, str(number)) for number, one in enumerate(pictures)]
        )
        cache, end = reader.runner.begin(), len(prompt.ids)
        positions = reader.positions(prompt)
        first = reader.read(prompt, positions, cache, start=0, end=end // 2)
        second = reader.read(prompt, positions, cache, start=end // 2, end=end)
        rows.append([first, second, reader.read_token(7, cache, positions)])
        assert cache.get_seq_length() == end + 1
    for expected, found in zip(*rows, strict=True):
        largest = expected.abs().max().item()
        np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-4 * largest)


def test_eight_bits_agree_with_torch_nearly_everywhere(
    loaded: LoadedModel, torch_reader: Reader, folder: Path
) -> None:
    found = compare(loaded, torch_reader, engine_reader(loaded, folder, "int8"))

    assert found.likeliest >= 0.7
    assert 1e-6 < found.divergence < 0.05


def test_folding_and_turning_keep_what_a_layer_computes(loaded: LoadedModel) -> None:
    shape = read_shape(loaded.model.config)
    weights = gather_weights(loaded.model, shape)
    layer = loaded.model.get_decoder().layers[0]
    stream = np.random.default_rng(1).standard_normal((5, shape.hidden)).astype(np.float32)
    plain = stream / np.sqrt((stream**2).mean(axis=1, keepdims=True) + shape.epsilon)
    normalised = plain * layer.post_attention_layernorm.weight.numpy()

    np.testing.assert_allclose(
        (plain @ weights.turn) @ weights.layers[0].up.T,
        normalised @ layer.mlp.up_proj.weight.numpy().T,
        atol=1e-4,
    )
    np.testing.assert_allclose(weights.turn @ weights.turn.T, np.eye(shape.hidden), atol=1e-5)


def three_turns(
    backend: TransformersBackend, frames: tuple[FrameRef, ...], turn: Turn
) -> list[Completion]:
    asked: Conversation = turn(None, "Judge.", *frames[:4])
    answers = [backend.generate(asked, WRITE)]
    for said in (("Check.",), ("Decide again.", *frames[4:])):
        asked = turn(asked, *said, after=answers[-1].text)
        answers.append(backend.generate(asked, WRITE))
    return answers


def test_an_exact_engine_writes_what_torch_writes_over_three_turns(
    open_with: Callable[..., TransformersBackend], frames: tuple[FrameRef, ...], turn: Turn
) -> None:
    expected = three_turns(open_with(engine="torch"), frames, turn)
    found = three_turns(open_with(engine="onnx", precision="fp32"), frames, turn)

    assert [one.token_ids for one in found] == [one.token_ids for one in expected]
    assert [one.usage for one in found] == [one.usage for one in expected]
    assert found[1].usage.cached_tokens > 0
    for one, other in zip(found, expected, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-3)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_going_on_from_what_was_read_writes_what_reading_anew_writes(
    precision: str,
    open_with: Callable[..., TransformersBackend],
    frames: tuple[FrameRef, ...],
    turn: Turn,
) -> None:
    backend = open_with(engine="onnx", precision=precision)
    kept = three_turns(backend, frames, turn)
    anew = three_turns(
        open_with(engine="onnx", precision=precision, kept_conversations=0), frames, turn
    )

    assert backend.encoded_pictures == len(frames)
    assert kept[2].usage.cached_tokens > anew[2].usage.cached_tokens == 0
    if precision == "fp32":  # 8 bits round one token, and many, by themselves
        assert [one.text for one in kept] == [one.text for one in anew]


def test_a_cache_grows_and_what_was_kept_stays(
    loaded: LoadedModel, torch_reader: Reader, folder: Path
) -> None:
    reader = engine_reader(loaded, folder, "fp32")
    cache, expected = reader.runner.begin(), torch_reader.runner.begin()
    for token in range(STRETCH):
        reader.read_token(token % 50, cache, None)
        torch_reader.read_token(token % 50, expected, None)
    kept = reader.runner.shorten(cache, STRETCH - 1)

    for token in (3, 4):  # beyond the room of one stretch
        found = reader.read_token(token, cache, None)
        wanted = torch_reader.read_token(token, expected, None)
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-3)
    assert (cache.get_seq_length(), kept.get_seq_length()) == (STRETCH + 2, STRETCH - 1)

    again = reader.runner.shorten(kept, STRETCH - 1)
    reader.read_token(9, kept, None)
    last = (STRETCH - 1) % 50
    other = reader.read_token(last, again, None)
    shortened = torch_reader.runner.shorten(expected, STRETCH - 1)
    np.testing.assert_allclose(
        other.numpy(), torch_reader.read_token(last, shortened, None).numpy(), atol=1e-3
    )


def test_an_engine_is_taken_where_it_was_made_and_of_no_other_model(
    folder: Path, tmp_path: Path
) -> None:
    auto = LocalSettings(precision="fp32")
    assert isinstance(reader_of(folder, auto).runner, OnnxRunner)
    assert not isinstance(reader_of(folder, LocalSettings(engine="torch")).runner, OnnxRunner)
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    write_receipt(other, "tiny", ())
    assert find_engine(other, "fp32") is not None
    config = json.loads((other / "generation_config.json").read_text())
    (other / "generation_config.json").write_text(json.dumps({**config, "max_length": 99}))

    assert find_engine(other, "fp32") is None
    assert not isinstance(reader_of(other, auto).runner, OnnxRunner)


def reader_of(folder: Path, settings: LocalSettings) -> Reader:
    reader = open_model(folder, "tiny", nowhere, settings).reader
    assert reader is not None
    return reader


def test_an_engine_that_says_something_else_is_not_kept(
    loaded: LoadedModel, torch_reader: Reader, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"'tiny' at int8 finds \d+% of torch's tokens \(100% are"):
        export_engine(
            loaded,
            torch_reader,
            tmp_path / "engine",
            precision="int8",
            model="x",
            least=TokenAgreement(likeliest=1.0, divergence=0.0),
        )
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_another_kind_fits_no_engine(tiny_qwen: Path, tmp_path: Path) -> None:
    place = tmp_path / "qwen"
    shutil.copytree(tiny_qwen, place)

    with pytest.raises(GenerationError, match="fits no engine: its architecture is 'qwen2_5_vl'"):
        open_model(place, "qwen", nowhere, LocalSettings(engine="onnx"))


def test_a_damaged_engine_is_told_in_one_line(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "damaged"
    shutil.copytree(folder, place)
    (engine_folder(place, "fp32") / "decoder.onnx").write_bytes(b"nothing of the kind")

    with pytest.raises(GenerationError, match=r"fails: .*; remove that folder, and it is made"):
        open_model(place, "tiny", nowhere, LocalSettings(precision="fp32"))


def test_a_card_that_cannot_be_read_is_as_none(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "cut"
    shutil.copytree(folder, place)
    (engine_folder(place, "fp32") / CARD).write_text("{")

    assert find_engine(place, "fp32") is None
