"""Kill -9 at any moment: what was acknowledged is there, once."""

import os
import random
import select
import signal
import struct
from pathlib import Path

import pytest

from vau_agent.memory.journal import Journal
from vau_agent.memory.leases import this_process

RUN = "run-1"
KILLS = 40
_NUMBER = struct.Struct("<q")


def write_until_killed(path: Path, acknowledge: int) -> None:
    """Continue the run where it ends, one numbered step after the other."""
    with Journal.open(path) as journal:
        journal.create_run(RUN, {"video": "a"})
        lease = journal.acquire(RUN, this_process(), 30)
        step = journal.run(RUN).records - 1
        while True:
            if step:  # the step before runs again, as a resumed node does
                journal.append(lease, "k", f"step-{step - 1}", {"step": -1})
            journal.append(lease, "k", f"step-{step}", {"step": step, "text": "x" * (step % 3000)})
            os.write(acknowledge, _NUMBER.pack(step))
            step += 1


def acknowledged_before_kill(path: Path, *, after_seconds: float) -> list[int]:
    """Kill a writer that long after its first acknowledgement; return all it acknowledged."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            write_until_killed(path, writer)
        finally:
            os._exit(1)
    os.close(writer)
    assert select.select([reader], [], [], 60)[0]
    with os.fdopen(reader, "rb") as stream:
        first = stream.read(_NUMBER.size)
        select.select([], [], [], after_seconds)
        os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        data = first + stream.read()
    assert status == -signal.SIGKILL
    return [step for (step,) in _NUMBER.iter_unpack(data)]


@pytest.mark.slow
def test_a_writer_killed_at_random_moments_loses_and_repeats_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    chance = random.Random(9)
    acknowledged: list[int] = []

    for kill in range(1, KILLS + 1):
        acknowledged += acknowledged_before_kill(path, after_seconds=chance.random() * 0.02)
        with Journal.open(path) as journal:
            assert journal.verify(RUN) == journal.head(RUN)
            steps = [record.body["step"] for record in journal.records(RUN, after_seq=1)]
        assert steps == list(range(len(steps)))
        assert acknowledged == sorted(set(acknowledged))
        assert set(acknowledged) <= set(range(len(steps)))
        # Each kill may fall between the commit and its acknowledgement.
        assert len(steps) <= len(acknowledged) + kill
