"""`vau-agent models`: policies and embedders by name, fetched when asked, tried before trusted."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from vau_agent.cli.options import HomeOption, JsonOption, QuietOption, settings_from
from vau_agent.errors import ModelError, SettingsError

if TYPE_CHECKING:
    from vau_agent.agent.catalogue import ModelEntry, Precision
    from vau_agent.agent.probes import ProbeReport
    from vau_agent.settings import Settings

NOT_USABLE: Final = 4
_PRECISIONS: Final[tuple["Precision", ...]] = ("fp32", "bf16", "int8", "int4")
_TITLES: Final = {
    "pictures": "sees pictures",
    "order": "keeps frame order",
    "objects": "returns valid objects",
    "probabilities": "gives probabilities",
}

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name in 'models list'.")]


def build_app() -> typer.Typer:
    """Put the subcommands together."""
    app = typer.Typer(rich_markup_mode=None, help="List, fetch, try and choose models.")
    app.command(name="list")(list_all)
    for command in (show, pull, test):
        app.command()(command)
    app.command(name="default")(set_default)
    return app


def list_all(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """List policies and embedders by name, and whether they are here."""
    from vau_agent.agent.catalogue import load_catalogue

    settings = settings_from({"home": home})
    entries = load_catalogue().values()
    if as_json:
        print(json.dumps([_record(entry, settings) for entry in entries], indent=2))
        return
    rows = [("NAME", "KIND", "SIZE", "STATE", "LICENCE")]
    rows += [_row(entry, settings) for entry in entries]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def show(name: NameArgument, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Show a model: parts, sizes, licences, digests, and the memory it needs."""
    from vau_agent.agent.catalogue import find_model

    settings = settings_from({"home": home})
    entry = find_model(name)
    if as_json:
        print(json.dumps(_record(entry, settings), indent=2))
        return
    for label, text in _facts(entry, settings):
        print(f"{label:<10} {text}")


def pull(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Fetch without asking.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Say what would be fetched; fetch nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Make it again, even if here.")] = False,
    home: HomeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Fetch a model; after an interruption, the same command goes on where it ended."""
    from vau_agent.agent.catalogue import find_model, model_folder
    from vau_agent.agent.downloads.pull import Courier, describe_pull
    from vau_agent.cli.downloading import open_download_view

    settings = settings_from({"home": home, "offline": offline or None})
    entry = find_model(name)
    courier = Courier(models=settings.models, settings=settings.download)
    if entry.built_in:
        print(f"{name} is built in; there is nothing to fetch")
        return
    if not force and courier.is_here(entry):
        print(f"{name} is here and whole: {model_folder(entry, settings.models)}")
        return
    described = describe_pull(entry, settings.models)
    if settings.offline:
        raise ModelError(f"offline, so this was not fetched: {described}")
    if not yes and not _agrees(described, name):
        print("nothing was fetched")
        return
    view = open_download_view(quiet=quiet)
    try:
        Courier(
            models=settings.models,
            settings=settings.download,
            on_progress=view.on_progress,
            say=view.say,
        ).pull(entry)
    finally:
        view.close()
    print(f"{name} is here: {model_folder(entry, settings.models)}")
    print("Next     vau-agent " + _next(entry))


def test(
    policy: Annotated[
        str | None,
        typer.Argument(
            metavar="[POLICY]",
            help="Policy string or name; the policy of the settings if left out.",
            show_default=False,
        ),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Model server to try, e.g. http://127.0.0.1:8000/v1."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Which model of the server; its only one.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Try whether a policy sees pictures, keeps their order and answers in the right form.

    Ends with 0 if it does, with 4 if it does not or cannot be reached.
    """
    from vau_agent.cli.trying import try_policy

    if policy is not None and endpoint is not None:
        raise SettingsError(f"give a policy or --endpoint, not both: {policy!r} and {endpoint!r}")
    if model is not None and endpoint is None:
        raise SettingsError("--model names a model of a server; give its --endpoint too")
    settings = settings_from({"home": home, "policy": policy})
    report = try_policy(settings, endpoint=endpoint, model=model)
    if as_json:
        print(json.dumps({"usable": report.is_usable, **report.model_dump()}, indent=2))
    else:
        _print_report(report)
    return 0 if report.is_usable else NOT_USABLE


def set_default(
    name: NameArgument,
    backend: Annotated[
        Literal["transformers", "vllm"],
        typer.Option(help="What runs a policy with weights."),
    ] = "transformers",
    home: HomeOption = None,
) -> None:
    """Use a model from now on: written to the configuration file."""
    from vau_agent.agent.catalogue import find_model, model_setting, model_state
    from vau_agent.settings import write_setting

    settings = settings_from({"home": home})
    entry = find_model(name)
    if entry.kind == "base":
        raise SettingsError(f"{name} is what a policy is trained from: vau-agent train --help")
    if model_state(entry, settings.models) not in ("built in", "here"):
        raise ModelError(f"{name} is not here; first: vau-agent models pull {name}")
    value = model_setting(entry, settings.models)
    if backend == "vllm" and entry.kind == "policy" and not entry.built_in:
        value = f"{backend}:{entry.name}"
    setting = "policy" if entry.kind == "policy" else "retrieval.embedder"
    where = write_setting(setting, value)
    print(f"{setting} = {value}   (in {where})")


def _next(entry: "ModelEntry") -> str:
    return "train --help" if entry.kind == "base" else f"models default {entry.name}"


def _agrees(described: str, name: str) -> bool:
    """Ask the one question; who cannot be asked is told what to type."""
    if not sys.stdin.isatty():
        raise SettingsError(
            f"this would fetch {described}; to agree, type: vau-agent models pull {name} --yes"
        )
    print(described, file=sys.stderr)
    return typer.confirm("Download?", default=True, err=True)


def _size(entry: "ModelEntry") -> str:
    from vau_agent.agent.downloads.pull import megabytes

    if entry.built_in:
        return "-"
    return f"{'~' if entry.is_size_estimated else ''}{megabytes(entry.bytes)}"


def _row(entry: "ModelEntry", settings: "Settings") -> tuple[str, str, str, str, str]:
    from vau_agent.agent.catalogue import model_state

    state = model_state(entry, settings.models)
    return entry.name, entry.kind, _size(entry), state, ", ".join(entry.licences)


def _record(entry: "ModelEntry", settings: "Settings") -> dict[str, object]:
    from vau_agent.agent.catalogue import model_folder, model_setting, model_state

    return {
        **entry.model_dump(mode="json"),
        "setting": model_setting(entry, settings.models),
        "bytes": entry.bytes,
        "bytes_estimated": entry.is_size_estimated,
        "licences": entry.licences,
        "memory_bytes": {precision: entry.memory(precision) for precision in _PRECISIONS},
        "state": model_state(entry, settings.models),
        "folder": None if entry.built_in else str(model_folder(entry, settings.models)),
    }


def _facts(entry: "ModelEntry", settings: "Settings") -> list[tuple[str, str]]:
    from vau_agent.agent.catalogue import WheelPart, model_setting, model_state
    from vau_agent.agent.downloads.pull import megabytes

    facts = [
        ("Name", f"{entry.name} ({entry.title})"),
        ("Kind", entry.kind),
        ("For", entry.role),
        ("State", model_state(entry, settings.models)),
        ("Setting", model_setting(entry, settings.models)),
        ("Licence", ", ".join(entry.licences)),
    ]
    if entry.gated:
        facts.append(("Gated", "yes: accept its terms on the hub, then: hf auth login"))
    if not entry.built_in:
        facts.append(("Size", _size(entry)))
    if entry.context_tokens:
        facts.append(("Context", f"{entry.context_tokens} tokens"))
    precisions = _PRECISIONS[:1] if entry.kind == "embedder" else _PRECISIONS
    needs = {precision: entry.memory(precision) for precision in precisions}
    told = [f"{name} {megabytes(size)}" for name, size in needs.items() if size is not None]
    if told:
        facts.append(("Memory", f"{', '.join(told)} (estimates; RAM or VRAM)"))
    for part in entry.parts:
        facts.append(("Part", part.place))
        if isinstance(part, WheelPart):
            facts.append(("", f"{part.file}, {part.bytes} bytes, sha256 {part.sha256}"))
    return facts


def _print_report(report: "ProbeReport") -> None:
    print(f"{report.policy}")
    for probe in report.probes:
        print(f"  {probe.state:<8} {_TITLES[probe.name]:<22} {probe.text}")
    context = f", context {report.context_tokens} tokens" if report.context_tokens else ""
    print(f"  {report.calls} calls, {report.seconds_per_call:.2f} s a call{context}")
    if report.is_usable:
        print("Next     vau-agent analyze YOUR.mp4 --policy " + report.policy)
    else:
        print("Not to be trusted with a video; 'vau-agent models list' names others.")
