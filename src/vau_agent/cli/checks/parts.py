"""Which optional parts are here: extras by their packages, the embedder by its folder."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Final

from vau_agent.cli.checks.finding import Finding
from vau_agent.errors import VauAgentError

if TYPE_CHECKING:
    from vau_agent.settings import Settings

_EXTRAS: Final = ("local", "vllm")
"""Extras that a user installs to have policies and retrieval in this process."""
_REQUIREMENT: Final = re.compile(r"""^([A-Za-z0-9._-]+).*\bextra == ['"]([a-z-]+)['"]""")


def check_extras(settings: "Settings") -> Iterator[Finding]:
    """Look for the packages of each extra."""
    for extra in _EXTRAS:
        names = extra_packages(extra)
        here = {name: found for name in names if (found := _installed(name)) is not None}
        if len(here) == len(names):
            text = f"extra {extra}: {', '.join(f'{name} {here[name]}' for name in names)}"
            yield Finding(check=f"extra-{extra}", state="ok", text=text)
            continue
        absent = ", ".join(name for name in names if name not in here)
        yield Finding(
            check=f"extra-{extra}",
            state="info",
            text=f"extra {extra} is not complete, without {absent}",
            fix=f"pip install 'vau-agent[{extra}]'",
        )


def check_embedder(settings: "Settings") -> Iterator[Finding]:
    """Tell whether videos can be searched, and by what."""
    from vau_agent.graphs.opening import chosen_embedder

    try:
        name, digest = chosen_embedder(settings)
    except VauAgentError as error:
        fix = "vau-agent models pull conse   or   vau-agent config set retrieval.embedder off"
        yield Finding(check="embedder", state="fail", text=f"embedder: {error}", fix=fix)
        return
    if digest is not None:
        text = f"embedder {name}, in this process: videos can be searched by words"
        yield Finding(check="embedder", state="ok", text=text)
    elif settings.retrieval.embedder == "off":
        text = "retrieval is switched off: videos are not searched by words"
        fix = "vau-agent config set retrieval.embedder auto"
        yield Finding(check="embedder", state="info", text=text, fix=fix)
    else:
        text = "no embedder is here: videos are not searched by words"
        yield Finding(check="embedder", state="info", text=text, fix="vau-agent models pull conse")


def extra_packages(extra: str) -> tuple[str, ...]:
    """Give the packages that an extra of this program brings."""
    found = (_REQUIREMENT.match(line) for line in requires("vau-agent") or ())
    return tuple(match[1] for match in found if match and match[2] == extra)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
