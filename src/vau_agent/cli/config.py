"""`vau-agent config`: what is set, where it comes from, and how to change it."""

import json
from typing import Annotated

import typer

from vau_agent.cli.options import HomeOption, JsonOption
from vau_agent.errors import SettingsError

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Dotted name, e.g. analysis.max_rounds.")
]


def build_app() -> typer.Typer:
    """Put the subcommands together."""
    app = typer.Typer(rich_markup_mode=None, help="Show or change settings.")
    for command in (show, get, path):
        app.command()(command)
    app.command(name="set")(set_value)
    return app


def show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value is from.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List all settings with their values."""
    from vau_agent.settings import setting_origins

    origins = setting_origins({} if home is None else {"home": home})
    if as_json:
        rows = {name: {"value": value, "origin": where} for name, (value, where) in origins.items()}
        print(json.dumps(rows, indent=2))
        return
    width = max(len(name) for name in origins)
    wide = max(len(value) for value, _ in origins.values())
    for name, (value, where) in origins.items():
        print(f"{name:<{width}}  {value:<{wide}}  {where if origin else ''}".rstrip())


def get(name: NameArgument) -> None:
    """Print the value of one setting."""
    from vau_agent.settings import setting_origins

    origins = setting_origins()
    if name not in origins:
        raise SettingsError(f"no setting {name!r}; 'vau-agent config show' lists them")
    print(origins[name][0])


def set_value(name: NameArgument, value: Annotated[str, typer.Argument(metavar="VALUE")]) -> None:
    """Write one setting to the configuration file."""
    from vau_agent.settings import write_setting

    where = write_setting(name, value)
    print(f"{name} = {value}   (in {where})")


def path() -> None:
    """Print where the configuration file is, or would be."""
    from vau_agent.settings import config_path

    print(config_path())
