"""`vau-agent doctor`: can this machine do the work, and what to type if not."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer

from vau_agent.cli.checks.finding import Check, Finding
from vau_agent.cli.checks.machine import check_gpu, check_home, check_memory, check_python
from vau_agent.cli.checks.media import check_codecs, check_decord, check_sandbox
from vau_agent.cli.checks.parts import check_embedder, check_extras
from vau_agent.cli.checks.policy import check_calibration, check_policy, check_privacy
from vau_agent.cli.checks.profile import check_profile
from vau_agent.cli.options import (
    HomeOption,
    JsonOption,
    OfflineOption,
    PolicyOption,
    settings_from,
)

NOT_USABLE: Final = 7
CHECKS: Final[tuple[Check, ...]] = (
    check_python,
    check_memory,
    check_gpu,
    check_codecs,
    check_sandbox,
    check_decord,
    check_extras,
    check_home,
    check_embedder,
    check_policy,
    check_calibration,
    check_privacy,
)


def doctor(
    as_json: JsonOption = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Suggest a policy and how many videos at once.")
    ] = False,
    home: HomeOption = None,
    policy: PolicyOption = None,
    offline: OfflineOption = False,
) -> int:
    """Check this machine; ends with 7 if videos cannot be analysed on it."""
    settings = settings_from({"home": home, "policy": policy, "offline": offline or None})
    checks = (*CHECKS, check_profile) if profile else CHECKS
    findings = [finding for check in checks for finding in check(settings)]
    usable = all(finding.state != "fail" for finding in findings)
    if as_json:
        print(
            json.dumps({"usable": usable, "findings": [asdict(one) for one in findings]}, indent=2)
        )
    else:
        for line in _lines(findings, usable=usable):
            print(line)
    return 0 if usable else NOT_USABLE


def _lines(findings: Sequence[Finding], *, usable: bool) -> Iterator[str]:
    for finding in findings:
        yield f"  {finding.state:<5} {finding.text}"
        if finding.fix:
            yield f"          {finding.fix}"
    if usable:
        yield "Next:   vau-agent demo   |   vau-agent analyze YOUR.mp4"
    else:
        yield "Mend what failed above, then:   vau-agent doctor"
