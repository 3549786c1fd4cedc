"""Which policy and how many videos at once suit this machine: from memory and GPU alone."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from vau_agent.cli.checks.finding import Finding
from vau_agent.cli.checks.machine import MIB, Driver, memory_bytes, read_driver

if TYPE_CHECKING:
    from vau_agent.settings import Settings

_HEADROOM: Final = 1.35
"""What a policy takes beside its weights: the cache of what was read, pictures, the engine."""
_BYTES_PER_VIDEO: Final = 2_000_000_000
"""One analysis: the decoding child at its limit, and this process."""
_CALLS_IN_FLIGHT: Final = 8
"""Videos that one GPU's server keeps busy; more wait for it."""


def check_profile(settings: "Settings") -> Iterator[Finding]:
    """Suggest a policy and how many videos to analyse at once."""
    driver = read_driver()
    yield from suggest(
        driver, memory_bytes()[0], os.cpu_count() or 1, settings.video.child_memory_mb
    )


def suggest(
    driver: Driver | None, free_bytes: int, cores: int, child_memory_mb: int
) -> Iterator[Finding]:
    """Suggest from numbers."""
    from vau_agent.agent.catalogue import load_catalogue

    room = max((gpu.free_bytes for gpu in driver.gpus), default=0) if driver else 0
    each = max(_BYTES_PER_VIDEO, 2 * child_memory_mb * MIB)
    jobs = max(1, min(cores, free_bytes // each, _CALLS_IN_FLIGHT))
    fitting = [
        (need, entry)
        for entry in load_catalogue().values()
        if entry.kind == "policy" and (need := entry.memory("bf16")) is not None
        if need * _HEADROOM <= room
    ]
    if not fitting:
        text = f"suggested: policy 'rules' on the CPU, {jobs} videos at once"
        fix = f"vau-agent analyze FOLDER --jobs {jobs}"
        yield Finding(check="profile", state="info", text=text, fix=fix)
        return
    need, best = max(fitting, key=lambda one: one[0])
    text = (
        f"suggested: {best.title} in bf16 (about {need * _HEADROOM / 1e9:.0f} GB of "
        f"{room / 1e9:.0f} GB free), {jobs} videos at once"
    )
    fix = f"vau-agent models pull {best.name}   then   vau-agent models default {best.name}"
    yield Finding(check="profile", state="info", text=text, fix=fix)
