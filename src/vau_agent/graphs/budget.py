"""What a run may spend: counted from its journal, so that one taken up again goes on counting."""

from vau_agent.agent.backends.base import Usage
from vau_agent.errors import BudgetExceededError
from vau_agent.graphs.recorder import CALL_KIND, Recorder, called_completion
from vau_agent.settings import BudgetSettings


class Budget:
    """Limits of one process working on a run.

    Calls never pass their limit. Tokens are known after a call, so the call that reaches their
    limit is the last; the deadline is looked at between calls and between measured moments.
    """

    def __init__(self, limits: BudgetSettings, recorder: Recorder, *, since: int = 0) -> None:
        """Count the calls that the run's journal holds after record number `since`."""
        self._limits = limits
        self._timer = recorder.timer
        self._began = recorder.timer()
        self._calls = 0
        self._tokens = 0
        for record in recorder.records(since):
            if record.kind == CALL_KIND:
                self.count(called_completion(record).usage)

    def count(self, usage: Usage) -> None:
        """Count one more call."""
        self._calls += 1
        self._tokens += usage.prompt_tokens + usage.completion_tokens

    def check_call(self) -> None:
        """Ask before a call is made.

        Raises:
            BudgetExceededError: A limit is reached.
        """
        self.check_time()
        calls, tokens = self._limits.max_calls, self._limits.max_tokens
        if calls is not None and self._calls >= calls:
            raise BudgetExceededError(
                f"stopped at the limit of {calls} policy call{'s'[: calls != 1]} (--max-calls)"
            )
        if tokens is not None and self._tokens >= tokens:
            raise BudgetExceededError(
                f"stopped after {self._tokens} tokens, at the limit of {tokens} (--max-tokens)"
            )

    def check_time(self) -> None:
        """Ask now and then during long work.

        Raises:
            BudgetExceededError: The deadline has passed.
        """
        deadline = self._limits.deadline_seconds
        if deadline is not None and self._timer() - self._began >= deadline:
            raise BudgetExceededError(f"stopped at the deadline of {deadline:g} s (--deadline)")
