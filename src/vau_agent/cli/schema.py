"""`vau-agent schema`: the JSON Schema of what other programs read."""

import json
from typing import Annotated, Literal

import typer


def schema(
    document: Annotated[
        Literal["result", "event", "manifest"], typer.Argument(help="What to describe.")
    ],
) -> None:
    """Print the JSON Schema of a document."""
    from vau_agent.reports.manifest import Manifest
    from vau_agent.results import Event, Result
    from vau_agent.schemas import Value

    models: dict[str, type[Value]] = {"result": Result, "event": Event, "manifest": Manifest}
    print(json.dumps(models[document].model_json_schema(by_alias=True), indent=2))
