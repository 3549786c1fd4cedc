r"""Write a folder for lmms-eval's `--include_path`.

```console
$ python -m vau_agent.evals.adapters.lmms_eval --benchmark ucf-crime \
    --annotation FILE --videos FOLDER --out tasks
```
"""

import argparse
import sys
from pathlib import Path

from vau_agent.errors import VauAgentError
from vau_agent.evals.adapters.cases import SUBJECTS, read_cases
from vau_agent.evals.adapters.lmms_eval.export import export_tasks


def main(arguments: list[str] | None = None) -> int:
    """Read a benchmark, write the folder, name what cannot take part."""
    parser = argparse.ArgumentParser(prog="python -m vau_agent.evals.adapters.lmms_eval")
    parser.add_argument("--benchmark", required=True, help="as `vau-agent eval` names it")
    parser.add_argument("--annotation", required=True, type=Path, help="the file it reads")
    parser.add_argument("--videos", required=True, type=Path, help="folder of the videos")
    parser.add_argument("--subject", choices=SUBJECTS, default="verdict")
    parser.add_argument("--limit", type=int, help="videos that take part, drawn with the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, type=Path, help="the folder to write")
    given = parser.parse_args(arguments)
    try:
        cases = read_cases(
            given.benchmark,
            given.annotation,
            given.videos,
            subject=given.subject,
            limit=given.limit,
            seed=given.seed,
        )
        written = export_tasks(cases, given.out)
    except VauAgentError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    for gap in cases.dataset.gaps:
        sys.stderr.write(f"{gap.kind}: {gap.id}: {gap.detail}\n")
    sys.stdout.write(f"{written}: {len(cases.cases)} samples, {len(cases.dataset.gaps)} gaps\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
