"""A real OpenAI-style HTTP server for tests: answers well, or in any way it is told to.

    with ChatServer() as server:
        backend = open_backend(server.policy)          # openai:imagined@http://127.0.0.1:PORT/v1
        server.next(status(429, headers={"Retry-After": "0"}), answer("<answer>normal</answer>"))

Acts that were lined up with `next` are played first, one for each request; after them every
request is answered by an imagined model that writes what the task asks for. `server.requests`
holds all that was asked for a completion, oldest first.
"""

import hashlib
import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

MODEL: Final = "imagined"
CONTEXT_TOKENS: Final = 32_768
TOKENS_PER_PICTURE: Final = 64
TOKENS_PER_TURN: Final = 4

_REPLIES: Final = {
    "reflection": (
        '<reflection>The start may be late.</reflection><request>{"accept": true, "doubts": [], '
        '"queries": [], "calls": []}</request>'
    ),
    "verification": (
        "<verification>Nothing stands out.</verification><answer>normal</answer>"
        "<confidence>0.8</confidence><glue>[-1.0, -1.0]</glue>"
    ),
    "think": (
        "<think>Nothing unusual happens.</think><answer>normal</answer>"
        "<confidence>0.7</confidence><glue>[-1.0, -1.0]</glue>"
    ),
    "answer": "<answer>It is not visible in these frames.</answer>",
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request for a completion, as it arrived."""

    body: dict[str, Any]
    raw: bytes
    headers: dict[str, str]
    path: str


@dataclass(kw_only=True)
class Exchange:
    """A request that waits for its answer, and the means to give one."""

    request: Request
    server: "ChatServer"
    handler: BaseHTTPRequestHandler

    def reply(self, code: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Answer with a status, a body and its length."""
        sent = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        sent |= headers or {}
        self.handler.send_response_only(code)
        for name, value in sent.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.write(body)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def reset(self) -> None:
        """Break the connection as a process that is killed does."""
        linger = struct.pack("ii", 1, 0)
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.handler.connection.close()

    def wait(self, seconds: float) -> bool:
        """Wait; tell whether the server was closed meanwhile."""
        return self.server.closing.wait(seconds)


Act = Callable[[Exchange], None]
"""Answers one request, well or badly."""


@dataclass(kw_only=True)
class ChatServer:
    """Serves on a free port of 127.0.0.1 while it is entered."""

    models: Sequence[str] = (MODEL,)
    context_tokens: int = CONTEXT_TOKENS
    requests: list[Request] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    lists_models: bool = True
    tls: ssl.SSLContext | None = None
    """Given, it speaks https."""
    _acts: deque[Act] = field(default_factory=deque)

    def __enter__(self) -> Self:
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        if self.tls is not None:
            self._http.socket = self.tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def place(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        """The address that a policy string takes."""
        return f"{'http' if self.tls is None else 'https'}://{self.place}/v1"

    @property
    def policy(self) -> str:
        """The policy string of its first model."""
        return f"openai:{self.models[0]}@{self.url}"

    def next(self, *acts: Act) -> None:
        """Line up what the next requests are answered with."""
        self._acts.extend(acts)

    def forget(self) -> None:
        """Drop what was lined up and not asked for."""
        self._acts.clear()

    def act(self, exchange: Exchange) -> None:
        """Answer one request."""
        (self._acts.popleft() if self._acts else imagine)(exchange)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Be silent: a client that hangs up early is what many a test is about."""


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            listed = {"object": "list", "data": [{"id": model} for model in server.models]}
            found = server.lists_models and self.path == "/v1/models"
            code, value = (200, listed) if found else (404, {})
            raw = json.dumps(value).encode()
            self.send_response_only(code)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            request = Request(
                body=json.loads(raw), raw=raw, headers=dict(self.headers), path=self.path
            )
            server.requests.append(request)
            server.act(Exchange(request=request, server=server, handler=self))
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    return Handler


# What a server may do.


def status(
    code: int, message: str | None = None, *, headers: Mapping[str, str] | None = None
) -> Act:
    """Refuse, with the error object that most servers give, or an empty body."""
    body = b"" if message is None else json.dumps({"error": {"message": message}}).encode()
    return lambda exchange: exchange.reply(code, body, headers)


def raw(body: bytes, *, code: int = 200, headers: Mapping[str, str] | None = None) -> Act:
    """Answer with these bytes."""
    return lambda exchange: exchange.reply(code, body, headers)


def reply(value: object, *, code: int = 200) -> Act:
    """Answer with this value as JSON."""
    return raw(json.dumps(value).encode(), code=code)


def answer(text: str | None, **message: object) -> Act:
    """Answer with this text, and nothing that is optional but what else the message holds."""
    return reply({"choices": [{"message": {"content": text, **message}, "finish_reason": "stop"}]})


def reset() -> Act:
    """Break the connection before anything is answered."""
    return lambda exchange: exchange.reset()


def cut(body: bytes, *, promised: int = 1_000_000) -> Act:
    """Promise so many bytes and end after these."""
    return lambda exchange: exchange.reply(200, body, {"Content-Length": str(promised)})


def cut_chunks(*chunks: bytes) -> Act:
    """Send chunks and end in the middle of the next one."""

    def act(exchange: Exchange) -> None:
        exchange.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for chunk in chunks:
            exchange.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        exchange.write(b"ff\r\nonly this")
        exchange.reset()

    return act


def silence() -> Act:
    """Never answer."""

    def act(exchange: Exchange) -> None:
        exchange.wait(30)

    return act


def drip(*, in_headers: bool = False, seconds: float = 0.02) -> Act:
    """Send a byte now and then, without end."""

    def act(exchange: Exchange) -> None:
        start = b"HTTP/1.1 200 OK\r\nX: " if in_headers else b"HTTP/1.1 200 OK\r\n\r\n"
        exchange.write(start)
        while not exchange.wait(seconds):
            exchange.write(b" ")

    return act


def endless(piece: bytes = b" " * 65_536, *, code: int = 200) -> Act:
    """Send without end, as fast as it is read."""

    def act(exchange: Exchange) -> None:
        exchange.write(b"HTTP/1.1 %d X\r\n\r\n" % code)
        while not exchange.server.closing.is_set():
            exchange.write(piece)

    return act


def without(*fields: str) -> Act:
    """Refuse these fields by name, as strict servers do; answer well without them."""

    def act(exchange: Exchange) -> None:
        refused = [name for name in fields if name in exchange.request.body]
        if refused:
            exchange.server.next(without(*fields))
            status(400, f"Unrecognized request argument supplied: {refused[0]}")(exchange)
        else:
            imagine(exchange)

    return act


def imagine(exchange: Exchange) -> None:
    """Answer as a small model would: by the task, in tokens, within its context.

    Equal requests get equal answers, in which a number tells the pictures that were shown apart.
    """
    body = exchange.request.body
    server = exchange.server
    if body["model"] not in server.models:
        status(404, f"The model `{body['model']}` does not exist.")(exchange)
        return
    prompt_tokens = _count(body["messages"])
    allowed = body.get("max_tokens", body.get("max_completion_tokens", 16))
    if prompt_tokens + allowed > server.context_tokens:
        status(
            400,
            f"This model's maximum context length is {server.context_tokens} tokens. However, your "
            f"prompt contains {prompt_tokens} input tokens.",
        )(exchange)
        return
    tokens = _cut(_write(body))
    is_cut = len(tokens) > allowed
    reply(_completion(body, tokens[:allowed], is_cut, prompt_tokens))(exchange)


def _write(body: Mapping[str, Any]) -> str:
    turns = [message for message in body["messages"] if message["role"] == "user"]
    task = _texts(turns[-1])[-1] if turns else ""
    wanted = next((name for name in _REPLIES if f"<{name}>" in task), "answer")
    if "response_format" in body:
        schema = body["response_format"]["json_schema"]["schema"]
        return json.dumps(_fit(schema, schema.get("$defs", {})))
    text = _REPLIES[wanted]
    pictures = hashlib.sha256("".join(_pictures(body)).encode()).hexdigest()[:4]
    return text.replace(".</", f", seen as {int(pictures, 16)}.</", 1)


def _fit(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> object:
    """Write something that fits a JSON Schema of the simple kinds."""
    if "$ref" in schema:
        return _fit(shared[schema["$ref"].rsplit("/", 1)[-1]], shared)
    for kinds in ("anyOf", "oneOf", "allOf"):
        if kinds in schema:
            return _fit(schema[kinds][0], shared)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: _fit(one, shared) for name, one in schema.get("properties", {}).items()}
    plain = {"string": "normal", "number": 0.5, "integer": 1, "boolean": True, "array": []}
    return plain.get(schema.get("type", "null"))


def _texts(message: Mapping[str, Any]) -> list[str]:
    content = message["content"]
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if part["type"] == "text"]


def _pictures(body: Mapping[str, Any]) -> list[str]:
    return [
        part["image_url"]["url"]
        for message in body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "image_url"
    ]


def _count(messages: Sequence[Mapping[str, Any]]) -> int:
    text = "".join(text for message in messages for text in _texts(message))
    pictures = len(_pictures({"messages": messages}))
    return len(text) // 4 + pictures * TOKENS_PER_PICTURE + len(messages) * TOKENS_PER_TURN


def _cut(text: str) -> list[str]:
    """Cut into tokens of four characters, which cuts tags anywhere."""
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def _completion(
    body: Mapping[str, Any], tokens: Sequence[str], is_cut: bool, prompt_tokens: int
) -> dict[str, object]:
    choice: dict[str, object] = {
        "index": 0,
        "message": {"role": "assistant", "content": "".join(tokens)},
        "finish_reason": "length" if is_cut else "stop",
    }
    if body.get("logprobs"):
        choice["logprobs"] = {"content": [_probable(token) for token in tokens]}
    if body.get("return_token_ids"):
        choice["token_ids"] = [_token_id(token) for token in tokens]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [choice],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": len(tokens),
            "total_tokens": prompt_tokens + len(tokens),
            "prompt_tokens_details": {"cached_tokens": prompt_tokens // 2},
        },
    }


def _probable(token: str) -> dict[str, object]:
    other = {"token": token[::-1] + "?", "logprob": -2.5}
    return {"token": token, "logprob": -0.25, "top_logprobs": [_same(token), other]}


def _same(token: str) -> dict[str, object]:
    return {"token": token, "logprob": -0.25}


def _token_id(token: str) -> int:
    return int(hashlib.sha256(token.encode()).hexdigest()[:4], 16)
