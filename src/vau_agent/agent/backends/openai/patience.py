"""How long, and how often, one answer is waited for."""

import time

from vau_agent.errors import GenerationError
from vau_agent.settings import EndpointSettings


class Patience:
    """The time and the attempts that are left for one answer."""

    def __init__(self, settings: EndpointSettings, place: str) -> None:
        self._settings = settings
        self._place = place
        self._deadline = time.monotonic() + settings.timeout_seconds
        self._attempts = 1

    @property
    def seconds_left(self) -> float:
        """Until the answer is given up; never quite nothing, which would mean no limit."""
        return max(0.001, self._deadline - time.monotonic())

    def wait(self, failure: str, retry_after: float | None) -> None:
        """Wait before the next attempt.

        Raises:
            GenerationError: There is none, or it would begin too late.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise GenerationError(
                f"{self._place} gave no answer within {self._settings.timeout_seconds:g} s "
                f"({failure}); raise 'endpoint.timeout_seconds', or lower "
                "'analysis.max_new_tokens'"
            )
        if self._attempts > self._settings.retries:
            raise GenerationError(
                f"{self._place} gave no answer in {_times(self._attempts)}: {failure}; "
                "see that the server runs and is not overloaded"
            )
        backoff = self._settings.backoff_seconds * 2 ** (self._attempts - 1)
        seconds = backoff if retry_after is None else retry_after
        if seconds >= left:
            raise GenerationError(
                f"{self._place} gave no answer in {_times(self._attempts)}: {failure}; the next "
                f"would wait {seconds:g} s, longer than 'endpoint.timeout_seconds' leaves"
            )
        self._attempts += 1
        time.sleep(seconds)


def _times(count: int) -> str:
    return "one attempt" if count == 1 else f"{count} attempts"
