"""Asks a policy behind an OpenAI-style server, and gives up in time."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from vau_agent.agent.backends.base import BackendContext, Completion, GenerationSettings
from vau_agent.agent.backends.openai.address import ServerAddress, parse_address
from vau_agent.agent.backends.openai.messages import to_messages
from vau_agent.agent.backends.openai.patience import Patience
from vau_agent.agent.backends.openai.refusals import (
    explain,
    explain_unknown_model,
    is_overflow,
    is_temporary,
    is_unknown_model,
    quote,
    read_complaint,
)
from vau_agent.agent.backends.openai.replies import read_reply
from vau_agent.agent.backends.openai.requests import (
    Abilities,
    build_body,
    without_extras,
    without_refused,
)
from vau_agent.agent.backends.pictures import shown_pictures
from vau_agent.agent.catalogue import policy_folder
from vau_agent.agent.conversation import Conversation
from vau_agent.agent.profile import DEFAULT_PROFILE, ModelProfile, load_profile
from vau_agent.errors import BackendError, ContextOverflowError, GenerationError, SettingsError
from vau_agent.results import ModelCard

if TYPE_CHECKING:
    from vau_agent.agent.backends.openai.connection import Answer, Connection


class OpenAIBackend:
    """A policy behind a server; pictures are sent as bytes, and nothing is sent before `generate`.

    What the server refuses to take (a schema, token probabilities, ...) is left out from then on.
    """

    def __init__(self, address: ServerAddress, context: BackendContext) -> None:
        self._address = address
        self._context = context
        self._abilities = Abilities()

    @classmethod
    def open(cls, model: str, context: BackendContext) -> "OpenAIBackend":
        """Open what follows the colon: `MODEL@URL`.

        Raises:
            SettingsError: It names no model and address, or one that `offline` forbids.
        """
        address = parse_address(model)
        if context.offline and not address.is_loopback:
            raise SettingsError(
                f"'offline' is set, and policy 'openai:{model}' would send frames to "
                f"{address.place}; serve it on 127.0.0.1, or use 'rules'"
            )
        return cls(address, context)

    @property
    def name(self) -> str:
        """The policy string it was opened with."""
        return f"openai:{self._address.model}@{self._address.url}"

    @property
    def card(self) -> ModelCard:
        """The model as the server names it, and the server's host and port."""
        return ModelCard(id=self._address.model, endpoint=self._address.place)

    @cached_property
    def profile(self) -> ModelProfile:
        """That of the catalogue's model of this name, where it was pulled; else the usual one.

        Raises:
            ModelError: It is damaged.
        """
        folder = policy_folder(self.name, self._context.models)
        return DEFAULT_PROFILE if folder is None else load_profile(folder)

    def generate(self, conversation: Conversation, settings: GenerationSettings) -> Completion:
        """Ask for a completion.

        Raises:
            GenerationError: None came in time, or the server refused; the message says which.
            ContextOverflowError: Too many pictures or tokens for one request.
        """
        self._refuse_too_many_frames(conversation)
        pictures = shown_pictures(self._context.pictures, self.profile.pictures)
        messages = to_messages(conversation, pictures)
        connection = self._connection
        patience = Patience(self._context.endpoint, self._address.place)
        key = self._context.endpoint.api_key
        abilities = self._abilities
        while True:
            body = build_body(self._address.model, messages, settings, abilities)
            answer = _try(connection, body, patience)
            if answer is None:
                continue
            if 200 <= answer.status < 300:
                completion = read_reply(answer.body, place=self._address.place, key=key)
                self._abilities = abilities
                return completion
            complaint = read_complaint(answer.body, key=key)
            less = _adapt(abilities, answer.status, complaint, settings)
            if less is not None:
                abilities = less
            elif is_temporary(answer.status) and not is_overflow(complaint):
                patience.wait(f"it answered {answer.status}{quote(complaint)}", answer.retry_after)
            else:
                raise self._refusal(answer, complaint, patience)

    def served_models(self) -> tuple[str, ...]:
        """Ask the server which models it has.

        Raises:
            GenerationError: It does not tell.
        """
        return self._list_models(Patience(self._context.endpoint, self._address.place))

    @cached_property
    def _connection(self) -> "Connection":
        from vau_agent.agent.backends.openai.connection import Connection  # the client takes 1 s

        return Connection(self._address, self._context.endpoint)

    def _refuse_too_many_frames(self, conversation: Conversation) -> None:
        limit = self._context.endpoint.max_frames
        frames = len(conversation.frames)
        if frames > limit:
            raise ContextOverflowError(
                f"{frames} pictures for {self._address.place}, at most {limit} are sent; raise "
                "'endpoint.max_frames' if the server takes more, or lower "
                "'analysis.frames_per_window'"
            )

    def _refusal(self, answer: "Answer", complaint: str, patience: Patience) -> BackendError:
        if is_overflow(complaint):
            return ContextOverflowError(
                f"the conversation does not fit the context of {self._address.model!r} on "
                f"{self._address.place}{quote(complaint)}; serve it with a longer context, or "
                "lower 'analysis.frames_per_window'"
            )
        if not is_unknown_model(answer.status, complaint):
            return explain(answer.status, complaint, self._address, location=answer.location)
        try:
            offered = self._list_models(patience)
        except GenerationError:
            offered = None
        return GenerationError(explain_unknown_model(self._address, offered))

    def _list_models(self, patience: Patience) -> tuple[str, ...]:
        from vau_agent.agent.backends.openai.connection import InterruptedExchangeError

        place = self._address.place
        connection = self._connection
        try:
            answer = connection.get("/models", seconds=patience.seconds_left)
        except InterruptedExchangeError as error:
            raise GenerationError(f"{place} does not tell its models: {error}") from error
        if answer.status != 200:
            complaint = read_complaint(answer.body, key=self._context.endpoint.api_key)
            raise explain(answer.status, complaint, self._address, location=answer.location)
        try:
            listed = _Models.model_validate_json(answer.body)
        except ValidationError as error:
            raise GenerationError(f"{place} lists its models in a way of its own") from error
        return tuple(model.id for model in listed.data)


def _try(connection: "Connection", body: dict[str, Any], patience: Patience) -> "Answer | None":
    """Ask once; `None` after a wait, when asking again may help."""
    from vau_agent.agent.backends.openai.connection import InterruptedExchangeError

    try:
        return connection.post("/chat/completions", body, seconds=patience.seconds_left)
    except InterruptedExchangeError as error:
        patience.wait(str(error), None)
        return None


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


def _adapt(
    abilities: Abilities, status: int, complaint: str, settings: GenerationSettings
) -> Abilities | None:
    """Ask for less where that may be what was refused; each step is taken once at most."""
    if status not in (400, 422, 500, 501) or is_overflow(complaint):
        return None
    less = without_refused(abilities, complaint, settings)
    if less is None and not complaint and status in (400, 422):
        return without_extras(abilities, settings)
    return less
