"""`vau-agent eval formats`: what can be read."""

import json

from vau_agent.cli.options import JsonOption


def formats(as_json: JsonOption = False) -> None:
    """List the benchmarks and formats that can be read.

    Each with the files it wants: 'run' and 'blind' read benchmarks, 'score' reads formats of
    predictions.
    """
    from vau_agent.evals.benchmarks.registry import BENCHMARKS
    from vau_agent.evals.formats.registry import FORMATS

    listed = {
        "benchmarks": [
            {"name": one.name, "title": one.title, "annotations": one.annotations}
            for one in BENCHMARKS.values()
        ],
        "formats": [
            {
                "name": one.name,
                "title": one.title,
                "predictions": one.predictions,
                "truth": one.truth,
            }
            for one in FORMATS.values()
        ],
    }
    if as_json:
        print(json.dumps(listed, indent=2))
        return
    print("Benchmarks, for 'eval run NAME --truth FILE --videos DIR':")
    for one in listed["benchmarks"]:
        print(f"  {one['name']}: {one['title']}\n      truth: {one['annotations']}")
    print("\nFormats, for 'eval score --format NAME --predictions FILE --truth FILE':")
    for one in listed["formats"]:
        print(f"  {one['name']}: {one['title']}\n      predictions: {one['predictions']}")
        if one["truth"]:
            print(f"      truth: {one['truth']}")
