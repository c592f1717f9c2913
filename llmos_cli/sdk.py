"""llmos as a library, thin over what the shell uses: the same store, the same worker, the same steps.

    from llmos_cli import LLM, Chatbot

    model = LLM.from_pretrained("qwen3-4b")
    print(model.summarize(text))
    print(Chatbot(model).generate_response("Hello!"))

A model runs in llmos's own worker, or on a server; nothing heavy is loaded into this process. All that fails is an LlmosError: one
sentence, and a `hint`. What there is to say besides (a text that is worked through in parts, an answer that was cut off) goes to the
logger `llmos`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from llmos_cli.errors import LlmosError, NotFound, UsageError
from llmos_cli.host import Host
from llmos_cli.speech import Answer, Delta, Message, Speaker

if TYPE_CHECKING:
    from llmos_cli.language.steps import Material
    from llmos_cli.places import Place
    from llmos_cli.values import Text

LANGUAGES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "sv": "Swedish", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
Options = Any  # OpenAI's: max_tokens, temperature, top_p, stop, seed, response_format, tools …; and those of docs/engine.md


class LLM:
    """One model. Several threads may use it at once.

    As a context manager it lets go of the model's memory at the end, rather than ten minutes later.
    """

    def __init__(self, speaker: Speaker, host: Host | None = None) -> None:
        """`speaker` is whatever speech.Speaker describes; `from_pretrained` finds one by its name."""
        self._speaker, self._host = speaker, host or Host.real()

    @classmethod
    def from_pretrained(cls, name: str | os.PathLike[str], *, revision: str = "") -> LLM:
        """The model of that name: one in the store, SERVER:MODEL, or the path of a GGUF; a name of the catalogue or a repository on the Hub
        is pulled first, with its progress on stderr where that is a terminal. `revision` is a branch, tag or commit to pull.

        Raises LlmosError.
        """
        from llmos_cli.kernel.speakers import Speakers

        host, text = Host.real(), os.fspath(name)
        speakers = Speakers(host)
        try:
            if not revision:
                return cls(speakers.named(text), host)
        except NotFound:
            if text.lower().endswith(".gguf") and text.count("/") != 2:  # OWNER/REPOSITORY/FILE.gguf is on the Hub
                raise
        return cls(speakers.named(_pulled(host, text, revision)), host)

    def __repr__(self) -> str:
        return f"LLM({self.name!r})"

    @property
    def name(self) -> str:
        return self._speaker.name

    @property
    def context(self) -> int:
        """How many tokens a request and its answer may have together."""
        return self._speaker.context

    def __enter__(self) -> LLM:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the model's memory. It comes back by itself when it is used again."""
        from llmos_cli.kernel.models import let_go
        from llmos_cli.kernel.speakers import Local

        if isinstance(self._speaker, Local):
            let_go(self._host, self._speaker.path)

    # ---- answers -----------------------------------------------------------------------------------------

    @overload
    def generate(self, prompt: str, *, stream: Literal[False] = False, system: str = "", **options: Options) -> str: ...
    @overload
    def generate(self, prompt: str, *, stream: Literal[True], system: str = "", **options: Options) -> Iterator[str]: ...
    def generate(self, prompt: str, *, stream: bool = False, system: str = "", **options: Options) -> str | Iterator[str]:
        """The answer to a prompt; with `stream`, its pieces as they come. Raises LlmosError."""
        messages = _messages(system, prompt)
        if stream:
            return (delta.text for delta in self._speaker.stream(messages, **options) if delta.text)
        return self._speaker.chat(messages, **options).text

    @overload
    def chat(self, messages: Sequence[Message], *, stream: Literal[False] = False, **options: Options) -> Answer: ...
    @overload
    def chat(self, messages: Sequence[Message], *, stream: Literal[True], **options: Options) -> Iterator[Delta]: ...
    def chat(self, messages: Sequence[Message], *, stream: bool = False, **options: Options) -> Answer | Iterator[Delta]:
        """The answer to a conversation of `{"role": …, "content": …}`: `text`, `thought`, `calls`, `ended`, `usage`, `said`.

        With `stream`, its parts as they come. Raises LlmosError.
        """
        return self._speaker.stream(messages, **options) if stream else self._speaker.chat(messages, **options)

    def embed(self, texts: str | Sequence[str]) -> list[list[float]]:
        """A vector of length 1 for each text; one text counts as a list of one. Raises LlmosError."""
        return self._speaker.embed([texts] if isinstance(texts, str) else list(texts))

    # ---- the steps of plans ------------------------------------------------------------------------------

    def summarize(self, text: str, *, length: Literal["short", "medium", "long"] = "medium", about: str = "") -> str:
        """The gist of a text of any length; `about` is what it should tell about. Raises LlmosError."""
        from llmos_cli.language import steps

        return self._text(lambda place: steps.summarize(_material(text), place, length, about))

    def translate(self, text: str, to: str) -> str:
        """A text of any length in another language: `fr`, `French`, `Brazilian Portuguese`. Raises LlmosError."""
        from llmos_cli.language import steps

        return self._text(lambda place: steps.translate(_material(text), place, LANGUAGES.get(to.lower(), to)))

    def rewrite(self, text: str, style: str) -> str:
        """A text said in another way: `formal`, `shorter`, `as bullet points`. Raises LlmosError."""
        from llmos_cli.language import steps

        return self._text(lambda place: steps.rewrite(_material(text), place, style))

    def answer(self, question: str, text: str = "") -> str:
        """The answer to a question, from a text of any length where one is given. Raises LlmosError."""
        from llmos_cli.language import steps

        return self._text(lambda place: steps.answer(_material(text) if text else (), place, question))

    @overload
    def classify(self, text: str, labels: Sequence[str]) -> str: ...  # type: ignore[overload-overlap]  # a str is a Sequence, too
    @overload
    def classify(self, text: Sequence[str], labels: Sequence[str]) -> list[str]: ...
    def classify(self, text: str | Sequence[str], labels: Sequence[str]) -> str | list[str]:
        """The label that fits a text best, or of several the one for each. Raises LlmosError, UsageError for an empty text."""
        from llmos_cli.language import steps

        texts = [text] if isinstance(text, str) else list(text)
        if not all(each.strip() for each in texts):
            raise UsageError("an empty text is of no kind")
        with self._place() as place:
            materials = [
                steps.Material(each, path=str(at)) for at, each in enumerate(texts)
            ]  # `path`, so that each is looked at as a whole
            found = [str(label) for _, label in steps.classify(materials, place, labels).rows] if texts else []
        return found[0] if isinstance(text, str) else found

    def extract(self, text: str, schema: str | Mapping[str, Any]) -> list[Any]:
        """The things that a text tells of, each as JSON of the schema: `"name, age int"` gives dicts with these keys; or a JSON Schema.

        Raises LlmosError, UsageError for what is no schema.
        """
        from llmos_cli.language import flow, steps
        from llmos_cli.language.asking import Asking
        from llmos_cli.language.shapes import shape
        from llmos_cli.language.templates import template

        wanted = shape(schema if isinstance(schema, str) else json.dumps(schema), self._host.cwd)
        with self._place() as place:
            asking = Asking(self._speaker, template("extract", place.prompts), place.voice, steps.DOING["extract"])
            reserved, most = steps.SHARES["extract"]
            parts = flow.split(asking, text, asking.room(("whole",), reserved, most, {"fields": wanted.said}))

            def told(part: str, at: flow.At) -> Iterator[Any]:
                yield from asking.json("whole", wanted.many, {"text": part.strip(), "fields": wanted.said}, list, at=at)

            found: list[Any] = []
            for item in flow.each(asking, parts, told):
                if len(parts) == 1 or item not in found:  # two parts may tell of one thing
                    found.append(item)
        return found

    def _text(self, step: Callable[[Place], Text]) -> str:
        with self._place() as place:
            return "\n".join(step(place).lines)

    def _place(self) -> _Stage:
        return _Stage(self._host, self._speaker)


class Chatbot:
    """A conversation with a model. Not for several threads at once: make one for each; they may share the model."""

    def __init__(self, model: LLM, system: str = "", **options: Options) -> None:
        """`system` says who the model is to be; `options` go with each request."""
        self.model, self.system, self._options = model, system, options
        self._turns: list[dict[str, str]] = []

    @property
    def history(self) -> list[dict[str, str]]:
        """A copy of what was said, as `{"role": "user" or "assistant", "content": …}`; without the system's words."""
        return [dict(turn) for turn in self._turns]

    def reset(self) -> None:
        """Forget what was said."""
        self._turns.clear()

    @overload
    def generate_response(self, user_input: str, *, stream: Literal[False] = False, **options: Options) -> str: ...
    @overload
    def generate_response(self, user_input: str, *, stream: Literal[True], **options: Options) -> Iterator[str]: ...
    def generate_response(self, user_input: str, *, stream: bool = False, **options: Options) -> str | Iterator[str]:
        """The model's next words; with `stream`, their pieces as they come.

        Both turns are kept once the answer is whole: what fails, or is closed before its end, leaves the conversation as it was. When it is
        too long for the model, the oldest turns are left out, which is logged. Raises LlmosError.
        """
        pieces = self._answer(user_input, {**self._options, **options})
        return pieces if stream else "".join(pieces)

    def _answer(self, user_input: str, options: Mapping[str, Any]) -> Iterator[str]:
        messages = [*([{"role": "system", "content": self.system}] if self.system else []), *self._turns]
        messages.append({"role": "user", "content": user_input})
        text = ""
        for delta in self.model.chat(messages, stream=True, **options):
            if delta.text:
                text += delta.text
                yield delta.text
            if cut := delta.said.get("cut"):
                _log(f"{self.model.name} did not see the first {cut.get('messages', 'few')} turns: there was no room for them")
        self._turns += [messages[-1], {"role": "assistant", "content": text}]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the conversation to a JSON file, which only you may read. Raises OSError."""
        data = {"model": self.model.name, "system": self.system, "messages": self._turns}
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False, indent=1)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on with a conversation that was saved; the model stays the one that there is. Raises LlmosError for another file, OSError."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            turns = [{"role": str(turn["role"]), "content": str(turn["content"])} for turn in data["messages"]]
            system = str(data["system"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise LlmosError(f"{os.fspath(path)} is no conversation that was saved") from None
        if any(turn["role"] not in ("user", "assistant") for turn in turns):
            raise LlmosError(f"{os.fspath(path)} is no conversation that was saved")
        self._turns, self.system = turns, system


# ---- what they share -----------------------------------------------------------------------------------


@dataclass
class _Stage:
    """A place where each role is played by one model, and what steps say is logged."""

    host: Host
    speaker: Speaker
    _stops: list[Callable[[], None]] = field(default_factory=list)

    def __enter__(self) -> Place:
        return replace(self.host.place(), speakers=self, voice=self)

    def __exit__(self, *_: object) -> None:
        for stop in self._stops:
            stop()

    def of(self, role: str) -> Speaker:
        return self.speaker

    def tell(self, what: str, done: int, total: int) -> None: ...

    def note(self, text: str) -> None:
        _log(text)

    def at_end(self, stop: Callable[[], None]) -> None:
        self._stops.append(stop)


def _log(text: str) -> None:
    import logging

    logging.getLogger("llmos").warning(text)


def _material(text: str) -> list[Material]:
    from llmos_cli.language.steps import Material

    return [Material(text)]


def _messages(system: str, prompt: str) -> list[Message]:
    return [*([{"role": "system", "content": system}] if system else []), {"role": "user", "content": prompt}]


def _pulled(host: Host, name: str, revision: str) -> str:
    """Bring a model into the store; its name there. Raises LlmosError."""
    from llmos_cli.kernel.models import models
    from llmos_cli.ui.transfer import Transfer

    transfer = Transfer(host)
    try:
        return models(host, transfer).pull(name, revision).model.name
    finally:
        transfer.clear()
