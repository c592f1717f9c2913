"""A model on a server that speaks OpenAI's API: llama-server, vLLM, Ollama, LM Studio, or a hosted one.

    model = Remote(Elsewhere(server, "llama3.2"), os.environ)
    for delta in model.stream([{"role": "user", "content": "…"}]): print(delta.text, end="")

It fulfils speech.Speaker. An answer's `said` tells what was not taken as it was asked: `format` (how it was held to a schema, where
that was not by json_schema), `ignored` (options that the server does not know), `cut` (turns left out), `limit`.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from llmos_cli.engine import elsewhere
from llmos_cli.engine.asking import FORMS, Asked, Manner, fitted, has_no_model, is_too_long, tokens
from llmos_cli.engine.fits import misfit
from llmos_cli.engine.hearing import Hearing
from llmos_cli.engine.web import Declined, Reply, Web
from llmos_cli.errors import LlmosError, NotFound, UsageError
from llmos_cli.servers import Elsewhere
from llmos_cli.speech import Answer, Call, Delta, Message

CONTEXT = 8192  # tokens, where nobody says
ABOUT_SECONDS = 5.0  # for questions about the server
AT_ONCE = 32  # texts in one request for vectors
SMALL = 2048  # tokens; a conversation below is sent without asking how long it may be
SURELY = 2  # times the context: what seems longer does not fit, however the tokens are counted
MOST_MENDED = 1  # times that an answer asked for in words may be mended
NAMED = 6  # models that a hint names


class Remote:
    """Thread-safe: each request has a connection of its own."""

    def __init__(self, at: Elsewhere, env: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> None:
        self._at, self._web, self._manner = at, Web(at.server, env, pause), Manner()

    @property
    def name(self) -> str:
        return self._at.name

    @cached_property
    def model(self) -> str:
        """As the server calls it; where none was said, the only one there. Raises LlmosError."""
        if self._at.model:
            return self._at.model
        names = [each.model for each in self._listed]
        if len(names) == 1:
            return names[0]
        server = self._at.server.name
        if not names:
            raise NotFound(f"{self._web.name} has no models")
        raise NotFound(f"{server} has {len(names)} models, and it was not said which", hint=f"llmos models use {server}:{names[0]}")

    @cached_property
    def context(self) -> int:
        """Tokens: what servers.toml says, else what the server says, else CONTEXT."""
        if self._at.server.context:
            return self._at.server.context
        try:
            return elsewhere.context(self._web, self.model, self._listed, ABOUT_SECONDS) or CONTEXT
        except LlmosError:
            return CONTEXT

    @cached_property
    def _listed(self) -> list[elsewhere.There]:
        return elsewhere.models(self._web, ABOUT_SECONDS)

    # ---- chat --------------------------------------------------------------------------------------------

    def chat(self, messages: Sequence[Message], **options: Any) -> Answer:
        """Raises LlmosError."""
        return _collected(self.stream(messages, **options))

    def stream(self, messages: Sequence[Message], **options: Any) -> Iterator[Delta]:
        """Held to a schema, the answer comes as one part, once it was looked at. Raises LlmosError."""
        asked = self._ready(Asked.of(messages, options))
        asked, cut = self._cut(asked)
        deltas = self._held(asked) if asked.schema is not None else self._plain(asked)
        with contextlib.closing(deltas):
            for delta in deltas:
                yield replace(delta, said={**self._manner.said(asked), **cut, **delta.said}) if delta.ended else delta

    def _ready(self, asked: Asked) -> Asked:
        """What depends on the sort of server. Raises UsageError where it knows no grammars."""
        if not asked.grammar and asked.think is None:
            return asked
        try:
            kind = next((each.kind for each in self._listed), "")
        except LlmosError:
            kind = ""
        if asked.grammar and kind != elsewhere.LLAMA:
            raise UsageError(f"{self._at.server.name} cannot hold an answer to a grammar", hint="a JSON Schema can be had: response_format")
        if asked.think is not None and kind in (elsewhere.LLAMA, elsewhere.VLLM):
            wanted = {"enable_thinking": asked.think, **asked.options.get("chat_template_kwargs", {})}
            return replace(asked, options={**asked.options, "chat_template_kwargs": wanted})
        return asked

    def _cut(self, asked: Asked) -> tuple[Asked, dict[str, Any]]:
        """Some servers cut what is too long, and say nothing; so it is done here, and said."""
        size = sum(map(tokens, asked.messages))
        if size <= SMALL:
            return asked, {}
        wanted = asked.options.get("max_tokens") or asked.options.get("max_completion_tokens") or self.context
        kept, cut = fitted(asked, self.context - min(wanted, self.context // 4))
        size = sum(map(tokens, kept.messages))
        if size > SURELY * self.context:
            raise LlmosError(
                f"the text is too long for {self.name}: about {size:,} tokens, and there is room for {self.context:,}",
                hint="shorten it, or take a model with a longer context",
            )
        return kept, cut

    def _plain(self, asked: Asked) -> Generator[Delta, None, None]:
        until, before = time.monotonic() + asked.seconds, self._manner.copy()
        while True:
            if asked.schema is not None and self._manner.form and tokens(asked.schema) > self.context // 2:
                raise LlmosError(
                    f"{self.name} takes no JSON Schema, and this one is too long to be said in words", hint="take another model"
                )
            body = self._manner.body(asked, self.model)
            try:
                with self._web.open("POST", "/chat/completions", body, seconds=until - time.monotonic()) as reply:
                    yield from self._heard(reply, asked)
                return
            except Declined as error:
                if not self._manner.learn(error, body):
                    self._manner = before  # it was not that
                    raise self._better(error) from None

    def _heard(self, reply: Reply, asked: Asked) -> Iterator[Delta]:
        names = [tool.get("function", {}).get("name", "") for tool in asked.options.get("tools", ())]
        hearing = Hearing(self._web, names, plain=bool(asked.grammar))
        if "json" in (reply.response.headers.get("Content-Type") or "") or not (reply.streams or self._manner.streams):
            yield from hearing.whole(reply.json())
        else:
            yield from hearing.stream(reply)

    def _held(self, asked: Asked) -> Generator[Delta, None, None]:
        """The answer to a request that has a schema, looked at before it is given. Raises LlmosError where it does not keep to it."""
        trying, mended, until = asked, 0, time.monotonic() + asked.seconds
        while True:
            form = self._manner.form
            answer = _collected(self._plain(replace(trying, seconds=until - time.monotonic())))
            text, problem = _looked_at(answer.text, asked.schema)
            if answer.calls or answer.ended == "length" or not problem:
                yield Delta(text, answer.thought, answer.calls)
                yield Delta(ended=answer.ended, usage=answer.usage, said=answer.said)
                return
            if FORMS[self._manner.form] != "words":
                self._manner.form = max(self._manner.form, form + 1)  # it takes the schema, and does not heed it
            elif mended < MOST_MENDED:
                mended += 1
                more = {"role": "user", "content": f"That is not right: {problem}. Answer again, with JSON alone."}
                trying = replace(asked, messages=(*asked.messages, {"role": "assistant", "content": answer.text}, more))
            else:
                raise LlmosError(f"{self.name} does not keep to the form that was asked for: {problem}", hint="a larger model may")

    def _better(self, error: Declined) -> LlmosError:
        """What is meant by a refusal, where that can be found out."""
        if is_too_long(error):
            return LlmosError(
                f"the text is too long for {self.name}: {error.said}", hint="shorten it, or take a model with a longer context"
            )
        if error.status != 404 and not has_no_model(error):
            return error
        try:
            names = [each.model for each in elsewhere.models(self._web, ABOUT_SECONDS)]
        except LlmosError:
            return error
        if not names or self.model in names:
            return error
        shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        return NotFound(f"{self._web.name} has no model {self.model!r}", hint=f"it has {shown}")

    # ---- vectors -----------------------------------------------------------------------------------------

    def embed(self, texts: Sequence[str], **options: Any) -> list[list[float]]:
        """Raises LlmosError, UsageError for an empty text."""
        if not texts or not all(isinstance(text, str) and text for text in texts):
            raise UsageError("there should be texts, none of them empty")
        asked = Asked.of([{"role": "user", "content": texts[0]}], options)
        vectors: list[list[float]] = []
        for at in range(0, len(texts), AT_ONCE):
            vectors += self._vectors(texts[at : at + AT_ONCE], asked)
        if len({len(vector) for vector in vectors}) != 1:
            raise LlmosError(f"{self._web.name} gives vectors of different lengths")
        return vectors

    def _vectors(self, texts: Sequence[str], asked: Asked) -> list[list[float]]:
        body = {"model": self.model, "input": list(texts), "encoding_format": "float", **asked.options}
        try:
            whole = self._web.ask("POST", "/embeddings", body, seconds=asked.seconds)
        except Declined as error:
            raise self._better(error) from None
        listed = whole.get("data") if isinstance(whole, Mapping) else None
        try:
            found = {int(each.get("index", at)): _numbers(each["embedding"]) for at, each in enumerate(listed or ())}
            return [_of_length_1(found[at]) for at in range(len(texts))]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise LlmosError(f"{self._web.name} does not give a vector for each text", hint="is that a model for embeddings?") from None


def _collected(deltas: Iterator[Delta]) -> Answer:
    text, thought, calls, last = [], [], list[Call](), Delta(ended="stop")
    for delta in deltas:
        text.append(delta.text)
        thought.append(delta.thought)
        calls += delta.calls
        last = delta if delta.ended else last
    return Answer("".join(text), "".join(thought), tuple(calls), last.ended, last.usage, last.said)


def _looked_at(text: str, schema: Any) -> tuple[str, str]:
    """(the JSON without a fence or words around it, what is wrong with it)."""
    bare = text.strip()
    if bare.startswith("```"):
        bare = bare.partition("\n")[2].rpartition("```")[0].strip()
    try:
        value = json.loads(bare)
    except (ValueError, RecursionError):
        inner = bare[bare.find("{") : bare.rfind("}") + 1]
        try:
            value, bare = json.loads(inner), inner
        except (ValueError, RecursionError):
            return text, "it is not JSON"
    return bare, misfit(value, schema)


def _numbers(given: Any) -> list[float]:
    """A vector as OpenAI's list, or as its base64 of float32, little-endian."""
    if not isinstance(given, str):
        return [float(value) for value in given]
    import base64
    import struct

    raw = base64.b64decode(given)
    return [*struct.unpack(f"<{len(raw) // 4}f", raw)]


def _of_length_1(vector: Sequence[float]) -> list[float]:
    """Raises ValueError where it has no direction."""
    length = math.sqrt(math.fsum(value * value for value in vector))
    if not length or not math.isfinite(length):
        raise ValueError("no direction")
    return [value / length for value in vector]
