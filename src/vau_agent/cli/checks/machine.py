"""What this machine has: Python, memory, disk, GPU. Nothing heavy is imported to find out."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vau_agent.cli.checks.finding import Finding, State
from vau_agent.errors import VauAgentError

if TYPE_CHECKING:
    from vau_agent.settings import Settings

MIN_FREE_BYTES: Final = 1_000_000_000
"""Less free space than this gets a warning: pictures and clips need room."""
MIN_MEMORY_BYTES: Final = 2_000_000_000
"""Less memory than this gets a warning: the decoding child alone may take 1.5 GiB."""
MIB: Final = 1 << 20
_QUERY: Final = ("--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
_SMI_SECONDS: Final = 20.0
_CUDA: Final = re.compile(r"CUDA (?:UMD )?Version:\s*(\d+)\.(\d+)")
_TORCH_CUDA: Final = re.compile(r"""^cuda\b.*=\s*['"](\d+)\.(\d+)""", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One NVIDIA GPU, as its driver tells."""

    name: str
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, kw_only=True)
class Driver:
    """NVIDIA's driver and what it drives."""

    gpus: tuple[Gpu, ...]
    cuda: tuple[int, int] | None
    """Newest CUDA that it runs."""


def check_python(settings: "Settings") -> Iterator[Finding]:
    """Tell the version."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(check="python", state="ok", text=f"Python {version}")


def check_memory(settings: "Settings") -> Iterator[Finding]:
    """Tell cores and memory."""
    free, total = memory_bytes()
    state: State = "ok" if free >= MIN_MEMORY_BYTES else "warn"
    text = f"{os.cpu_count()} cores, {free / 1e9:.1f} of {total / 1e9:.1f} GB memory free"
    fix = "" if state == "ok" else "vau-agent config set video.child_memory_mb 512"
    yield Finding(check="memory", state=state, text=text, fix=fix)


def check_home(settings: "Settings") -> Iterator[Finding]:
    """Open the home folder, and look how much room there is."""
    from vau_agent.memory.home import open_home

    try:
        with open_home(settings.home) as home:
            count = len(home.journal.runs())
    except (VauAgentError, OSError) as error:
        fix = "vau-agent config set home /a/folder/you/can/write"
        text = f"home {str(settings.home)!r} cannot be used: {error}"
        yield Finding(check="home", state="fail", text=text, fix=fix)
        return
    yield Finding(check="home", state="ok", text=f"home {settings.home}: {count} runs")
    free = shutil.disk_usage(settings.home).free
    state: State = "ok" if free >= MIN_FREE_BYTES else "warn"
    fix = "" if state == "ok" else "vau-agent config set home /a/folder/with/room"
    yield Finding(check="disk", state=state, text=f"{free / 1e9:.1f} GB free in home", fix=fix)


def check_gpu(settings: "Settings") -> Iterator[Finding]:
    """Compare NVIDIA's driver with the torch that is installed; torch itself is not started."""
    driver = read_driver()
    if driver is None or not driver.gpus:
        text = "no NVIDIA GPU in use: policies in this process run on the CPU"
        fix = "vau-agent config set policy openai:MODEL@http://gpu-box:8000/v1   (a GPU elsewhere)"
        yield Finding(check="gpu", state="info", text=text, fix=fix)
        return
    listed = ", ".join(
        f"{gpu.name} ({gpu.free_bytes / 1e9:.0f} of {gpu.total_bytes / 1e9:.0f} GB free)"
        for gpu in driver.gpus
    )
    yield Finding(check="gpu", state="ok", text=f"{len(driver.gpus)} GPU: {listed}")
    yield from _torch_findings(driver)


def memory_bytes() -> tuple[int, int]:
    """Give free and total memory."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = page * os.sysconf("SC_PHYS_PAGES")
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:  # not Linux: what is free is not told
        return total, total
    found = re.search(r"^MemAvailable:\s*(\d+) kB", text, re.MULTILINE)
    return (int(found[1]) * 1024 if found else total), total


def read_driver() -> Driver | None:
    """Ask NVIDIA's driver by its own program; `None` when it is not there or does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    table, words = _output(program, *_QUERY), _output(program)
    if table is None or words is None:
        return None
    return Driver(gpus=read_gpus(table), cuda=_version(_CUDA.search(words)))


def read_gpus(table: str) -> tuple[Gpu, ...]:
    """Read the driver's table: name, total and free MiB a line; lines without numbers are left."""
    gpus = []
    for line in table.splitlines():
        name, _, rest = line.partition(",")
        numbers = [cell.strip() for cell in rest.split(",")]
        if len(numbers) == 2 and all(cell.isdigit() for cell in numbers):
            total, free = (int(cell) * MIB for cell in numbers)
            gpus.append(Gpu(name=name.strip(), total_bytes=total, free_bytes=free))
    return tuple(gpus)


def torch_build() -> tuple[str, tuple[int, int] | None] | None:
    """Give torch's version and the CUDA it was built for, read from its files."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        package = distribution("torch")
    except PackageNotFoundError:
        return None
    text = package.read_text("../torch/version.py") or ""
    return package.version, _version(_TORCH_CUDA.search(text))


def _torch_findings(driver: Driver) -> Iterator[Finding]:
    build = torch_build()
    if build is None:
        text = "torch is not installed, so the GPU is only used by model servers"
        fix = "pip install 'vau-agent[local]'"
        yield Finding(check="torch", state="info", text=text, fix=fix)
        return
    version, cuda = build
    if cuda is None:
        text = f"torch {version} is a CPU build: the GPU stays idle"
        fix = "pip install --force-reinstall torch   (the build for your CUDA, see pytorch.org)"
        yield Finding(check="torch", state="warn", text=text, fix=fix)
    elif driver.cuda is not None and cuda[0] > driver.cuda[0]:
        text = (
            f"torch {version} wants CUDA {_dotted(cuda)}, "
            f"the driver runs up to {_dotted(driver.cuda)}"
        )
        fix = f"update NVIDIA's driver, or install a torch built for CUDA {driver.cuda[0]}"
        yield Finding(check="torch", state="warn", text=text, fix=fix)
    else:
        text = f"torch {version} (CUDA {_dotted(cuda)}) fits the driver"
        yield Finding(check="torch", state="ok", text=text)


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SMI_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _version(found: re.Match[str] | None) -> tuple[int, int] | None:
    return (int(found[1]), int(found[2])) if found else None


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
