from pathlib import Path

import pytest

from vau_agent.cli.checks.machine import (
    MIB,
    Driver,
    Gpu,
    check_gpu,
    memory_bytes,
    read_driver,
    read_gpus,
)
from vau_agent.cli.checks.parts import extra_packages
from vau_agent.cli.checks.profile import suggest
from vau_agent.settings import Settings

CARD = Gpu(name="NVIDIA H100", total_bytes=80_000_000_000, free_bytes=78_000_000_000)
SMI = """#!/bin/sh
case "$1" in
  --query-gpu*) echo 'NVIDIA H100, 81559, 80000' ;;
  *) echo '| NVIDIA-SMI 570.1   Driver Version: 570.1   CUDA Version: {cuda} |' ;;
esac
"""


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver's program that tells of one GPU."""
    write_program(tmp_path, SMI.format(cuda="12.8"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def write_program(folder: Path, text: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(text)
    program.chmod(0o755)


def test_gpus_are_read_as_the_driver_tells_them() -> None:
    assert read_gpus("NVIDIA A, 100, 60\nNVIDIA B, [N/A], 5\n\nC, 3\n") == (
        Gpu(name="NVIDIA A", total_bytes=100 * MIB, free_bytes=60 * MIB),
    )


@pytest.mark.usefixtures("answering")
def test_the_driver_is_asked_without_torch() -> None:
    driver = read_driver()

    assert driver is not None
    assert driver.cuda == (12, 8)
    assert driver.gpus[0].free_bytes == 80_000 * MIB
    texts = [one.text for one in check_gpu(Settings())]
    assert texts[0].startswith("1 GPU: NVIDIA H100")
    assert len(texts) == 2  # and what torch makes of it


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 9\n", "#!/bin/sh\nexec /no/such/program\n"])
def test_a_driver_that_does_not_answer_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    write_program(tmp_path, text)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert read_driver() is None
    (finding,) = check_gpu(Settings())
    assert (finding.state, bool(finding.fix)) == ("info", True)


def test_memory_is_told() -> None:
    free, total = memory_bytes()

    assert 0 < free <= total


def test_extras_are_read_from_the_package() -> None:
    assert {"torch", "faiss-cpu"} <= set(extra_packages("local"))
    assert extra_packages("vllm") == ("vllm",)
    assert extra_packages("no-such-extra") == ()


def test_a_suggestion_follows_the_machine() -> None:
    gpu = Driver(gpus=(CARD,), cuda=(12, 8))
    (large,) = suggest(gpu, 64_000_000_000, 16, 1536)
    (small,) = suggest(None, 8_000_000_000, 16, 1536)
    (least,) = suggest(None, 100, 1, 1536)

    assert "GB free" in large.text and "models pull" in large.fix
    assert "policy 'rules' on the CPU, 2 videos at once" in small.text
    assert "1 videos at once" in least.text
