"""What a request asks for, done: OpenAI's chat, completions and embeddings, as JSON objects.

An answer is a stream of chunks, as OpenAI streams them. None stands between them where nothing has come
for a moment, so that whoever reads can look whether its own caller is still there; closing the stream
cancels the work. The last chunk has `usage`, and under `llmos` what else there is to say: what was `cut`,
which `limit` was reached, what was `cached` and `restored` of the prompt, and how long it took.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import math
import os
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmos_cli.engine import adapters, constraint, options
from llmos_cli.engine.adapters import Source
from llmos_cli.engine.answers import Called, Part, Parts, Said, Thought, read_calls
from llmos_cli.engine.choosing import Chooser, Constraint
from llmos_cli.engine.embed import floats
from llmos_cli.engine.options import Body, Held
from llmos_cli.engine.pool import Loaded, Pool
from llmos_cli.engine.prompt import Prompt
from llmos_cli.engine.run import LENGTH, TIME, Piece, Run
from llmos_cli.errors import LlmosError, UsageError

Chunk = dict[str, Any]
TICK = 0.1  # seconds
MOST_TEXTS = 4096
LEAST_ROOM = 16  # tokens that an answer must have room for
FORCED = "<tool_call>\n"
_numbers = itertools.count(1)


@dataclass
class _Job:
    """One answer being written."""

    kind: str  # "chat.completion" or "text_completion"
    model: Loaded
    prompt: Prompt
    run: Run
    room: bool  # its length is limited by the context, not by what was asked for
    logprobs: bool

    def __post_init__(self) -> None:
        self.id = f"{'chatcmpl' if self.kind == 'chat.completion' else 'cmpl'}-{os.getpid():x}-{next(_numbers)}"
        self.created = int(time.time())

    def chunk(self, choice: Mapping[str, Any], **more: Any) -> Chunk:
        suffix = ".chunk" if self.kind == "chat.completion" else ""
        return {
            "id": self.id, "object": self.kind + suffix, "created": self.created, "model": str(self.model.path),
            "choices": [{"index": 0, "finish_reason": None, **choice}], **more,
        }  # fmt: skip

    def last(self, choice: Mapping[str, Any], ended: str, calls: int = 0) -> Chunk:
        reason = "tool_calls" if calls else "length" if ended in (LENGTH, TIME) else "stop"
        return self.chunk({**choice, "finish_reason": reason}, usage=self._usage(), llmos=self._said(ended))

    def _usage(self) -> dict[str, Any]:
        prompt, written = self.run.prompt, self.run.written
        known = {"cached_tokens": max(0, self.run.ready)}
        return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written, "prompt_tokens_details": known}

    def _said(self, ended: str) -> dict[str, Any]:
        run = self.run
        took = time.monotonic() - run.began
        limit = "time" if ended == TIME else "context" if self.room else "tokens"
        return {
            **self.prompt.said,
            **({"limit": limit} if ended in (LENGTH, TIME) else {}),
            "cached": max(0, run.ready), "restored": run.restored,
            "first_token_ms": round(1000 * run.first, 1),
            "tokens_per_second": round((run.written - 1) / (took - run.first), 1) if run.written > 1 and took > run.first else 0.0,
        }  # fmt: skip

    def logs(self, piece: Piece) -> dict[str, Any]:
        """The pieces' tokens with their log-probabilities, where these were asked for."""
        if not self.logprobs:
            return {}

        def one(token: int, logprob: float) -> dict[str, Any]:
            shown = self.model.weights.shown(token)
            return {"token": shown.decode(errors="replace"), "logprob": logprob, "bytes": [*shown], "id": token}

        content = [
            {**one(c.token, c.logprob), "top_logprobs": [one(*other) for other in c.runners_up]}
            for c in piece.choices
            if not math.isnan(c.logprob)
        ]
        return {"logprobs": {"content": content}}


class Api:
    """Thread-safe."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def chat(self, body: Body, client: str) -> Iterator[Chunk | None]:
        """The chunks of an answer. Raises LlmosError, also after the first chunk."""
        with self._model(body) as model:
            job, tools, forced = self._chat_job(body, model, client)
            names = [tool["function"]["name"] for tool in tools]
            parts = _Forced(names) if forced else Parts(names, thinking=job.prompt.thinking)
            begun, calls = False, 0
            with contextlib.closing(_pieces(job)) as pieces:
                for piece in pieces:
                    if not begun:
                        begun = True
                        yield job.chunk({"delta": {"role": "assistant", "content": ""}})
                    if piece is None:
                        yield None
                        continue
                    logs = job.logs(piece)
                    for part in [*parts.add(piece.text), *(parts.end() if piece.ended else ())]:
                        calls += isinstance(part, Called)
                        yield job.chunk({"delta": _delta(part, calls - 1), **logs})
                        logs = {}
                    if piece.ended:
                        yield job.last({"delta": {}, **logs}, piece.ended, calls)
                    elif logs:
                        yield job.chunk({"delta": {}, **logs})

    def complete(self, body: Body, client: str) -> Iterator[Chunk | None]:
        """The chunks of a plain continuation of `prompt`. Raises LlmosError, also after the first chunk."""
        if any(body.get(name) for name in ("echo", "suffix", "best_of")):
            raise UsageError("echo, suffix and best_of cannot be had")
        given = body.get("prompt")
        text = given[0] if isinstance(given, list) and len(given) == 1 else given
        if not isinstance(text, str):
            raise UsageError("prompt should be a text")
        with self._model(body) as model:
            model.writer()
            prompt = model.prompts.text(text, model.context - LEAST_ROOM)
            job = self._job("text_completion", body, model, client, prompt, options.held(body))
            with contextlib.closing(_pieces(job)) as pieces:
                for piece in pieces:
                    if piece is None:
                        yield None
                    elif piece.ended:
                        yield job.last({"text": piece.text, **job.logs(piece)}, piece.ended)
                    else:
                        yield job.chunk({"text": piece.text, **job.logs(piece)})

    def embed(self, body: Body) -> Chunk:
        """Vectors of length 1 for a text or several. Raises LlmosError."""
        given = body.get("input")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not texts or len(texts) > MOST_TEXTS or not all(isinstance(text, str) and text for text in texts):
            raise UsageError(f"input should be a text, or up to {MOST_TEXTS} of them, none of them empty")
        form = options.text(body, "encoding_format", "float")
        if form not in ("float", "base64"):
            raise UsageError("encoding_format should be float or base64")
        with self._model(body) as model:
            tokens, room = [model.weights.tokenize(text, start=True) for text in texts], model.embedder.room
            cut = [{"index": at, "tokens": len(each) - room} for at, each in enumerate(tokens) if len(each) > room]
            vectors = model.embedder.embed([_shortened(each, room) for each in tokens])
            used = sum(min(len(each), room) for each in tokens)
        shown = vectors if form == "float" else [base64.b64encode(floats(vector)).decode() for vector in vectors]
        return {
            "object": "list", "model": str(model.path),
            "data": [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(shown)],
            "usage": {"prompt_tokens": used, "total_tokens": used}, "llmos": {"cut": cut} if cut else {},
        }  # fmt: skip

    def load(self, body: Body) -> Chunk:
        """Load a model, and say what it is. Raises LlmosError."""
        with self._model(body) as model:
            about: Chunk = model.about()
            return about

    def _model(self, body: Body) -> Any:
        name = options.text(body, "model")
        if not os.path.isabs(name):
            raise UsageError(f"model should be the path of a GGUF file, not {name!r}", hint="llmos models list")
        return self._pool.use(Source(Path(name), adapters.read(body.get("adapters"))), options.keep_alive(body))

    def _chat_job(self, body: Body, model: Loaded, client: str) -> tuple[_Job, list[Mapping[str, Any]], bool]:
        """The job, its tools, and whether one of them must be called."""
        model.writer()
        tools, forced = options.tools(body)
        held = options.held(body)
        variables = body.get("chat_template_kwargs") or {}
        messages = body.get("messages")
        if not isinstance(variables, Mapping) or not isinstance(messages, list):
            raise UsageError("messages should be a list, and chat_template_kwargs an object")
        if isinstance(body.get("think"), bool):
            variables = {**variables, "enable_thinking": body["think"]}
        wanted = min(options.limits(body).tokens, max(LEAST_ROOM, model.context // 4))
        prompt = model.prompts.chat(messages, tools, variables, model.context - wanted)
        if forced:
            if held.kind:
                raise UsageError("an answer is a tool call, or held to a schema: not both")
            held = Held("schema", schema=_call_schema(tools, forced))
            prompt = _opened(prompt, model)
        elif held.kind and prompt.thinking:
            close = model.weights.tokenize("\n</think>\n\n", special=True)
            prompt = replace(prompt, tokens=[*prompt.tokens, *close], thinking=False)
        return self._job("chat.completion", body, model, client, prompt, held), tools, bool(forced)

    def _job(self, kind: str, body: Body, model: Loaded, client: str, prompt: Prompt, held: Held) -> _Job:
        wanted = options.limits(body)
        room = model.context - len(prompt.tokens)
        limits = replace(wanted, tokens=min(wanted.tokens, room))
        logprobs = bool(body.get("logprobs"))
        sampling = options.sampling(body, model.weights.vocabulary)
        chooser = Chooser(model.weights.lib.lib, sampling, _constraint(model, held), logprobs=logprobs)
        run = Run(prompt.tokens, chooser, limits, options.text(body, "user") or client, prompt.stem)
        model.writer().submit(run)
        return _Job(kind, model, prompt, run, room < wanted.tokens, logprobs)


def _pieces(job: _Job) -> Generator[Piece | None, None, None]:
    """The run's pieces, None where none came for a moment. Closed before its end, it cancels the run."""
    batch, ended = job.model.writer(), False
    try:
        while not ended:
            piece = job.run.next(TICK)
            ended = piece is not None and bool(piece.ended)
            yield piece
    except LlmosError:
        ended = True
        raise
    finally:
        if not ended:
            batch.cancel(job.run)


def _constraint(model: Loaded, held: Held) -> Constraint | None:
    if held.kind == "schema":
        return constraint.Guide(model.words, constraint.schema_grammar(held.schema or {}))
    if held.kind == "regex":
        return constraint.Guide(model.words, constraint.regex_grammar(held.text))
    return constraint.Gbnf(model.weights, held.text) if held.kind else None


# ---- chat ----------------------------------------------------------------------------------------------


class _Forced:
    """As `Parts`, where the whole answer is a call."""

    def __init__(self, tools: list[str]) -> None:
        self._tools, self._text = tools, ""

    def add(self, text: str) -> Iterator[Part]:
        self._text += text
        yield from ()

    def end(self) -> Iterator[Part]:
        calls: list[Part] = [*read_calls(self._text, self._tools)]
        yield from calls or [Said(self._text)]


def _delta(part: Part, call: int) -> dict[str, Any]:
    if isinstance(part, Said):
        return {"content": part.text}
    if isinstance(part, Thought):
        return {"reasoning_content": part.text}
    function = {"name": part.name, "arguments": part.arguments}
    return {"tool_calls": [{"index": call, "id": f"call_{os.urandom(6).hex()}", "type": "function", "function": function}]}


def _call_schema(tools: list[Mapping[str, Any]], forced: str) -> dict[str, Any]:
    """A call of one of the tools, or of the one that is `forced`."""
    functions = [tool["function"] for tool in tools if forced in ("*", tool["function"]["name"])]
    calls = [
        {
            "type": "object", "required": ["name", "arguments"], "additionalProperties": False,
            "properties": {"name": {"const": function["name"]}, "arguments": function.get("parameters") or {"type": "object"}},
        }
        for function in functions
    ]  # fmt: skip
    return calls[0] if len(calls) == 1 else {"anyOf": calls}


def _opened(prompt: Prompt, model: Loaded) -> Prompt:
    """The prompt, with a call begun as the model's family begins them, where that is known to be JSON."""
    template = model.weights.template
    mark = model.weights.tokenize(FORCED, special=True) if FORCED.strip() in template and "<function=" not in template else []
    close = model.weights.tokenize("\n</think>\n\n", special=True) if prompt.thinking else []
    return replace(prompt, tokens=[*prompt.tokens, *close, *mark], thinking=False)


def _shortened(tokens: list[int], room: int) -> list[int]:
    """Its start, with the token that ends it."""
    return tokens if len(tokens) <= room else [*tokens[: room - 1], tokens[-1]]


def collected(chunks: Iterator[Chunk | None]) -> Iterator[Chunk | None]:
    """The chunks of an answer as one object, as OpenAI answers without streaming; a None before each, so that it is seen who has left."""
    whole: Chunk = {}
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    text, logs = "", []
    for chunk in chunks:
        yield None
        if chunk is None:
            continue
        whole = chunk
        choice = chunk["choices"][0]
        delta = choice.get("delta", {})
        text += choice.get("text", "") + delta.get("content", "")
        if "reasoning_content" in delta:
            message["reasoning_content"] = message.get("reasoning_content", "") + delta["reasoning_content"]
        if "tool_calls" in delta:
            message.setdefault("tool_calls", []).extend(delta["tool_calls"])
        logs += choice.get("logprobs", {}).get("content", [])
    choice = {"index": 0, "finish_reason": whole["choices"][0]["finish_reason"]}
    if whole["object"] == "text_completion":
        choice["text"] = text
    else:
        choice["message"] = {**message, "content": text}
    if logs:
        choice["logprobs"] = {"content": logs}
    yield {**whole, "object": whole["object"].removesuffix(".chunk"), "choices": [choice]}


def as_error(error: LlmosError) -> Chunk:
    """What is answered in place of what was asked for; `kind` is the class, which the client raises again."""
    kind = type(error).__name__
    return {"error": {"message": error.message, "type": kind, "code": error.exit_code, "hint": error.hint}}


def said(chunk: Chunk) -> str:
    return json.dumps(chunk, ensure_ascii=False)
