"""What runs on a server: its models, and how many tokens they take, as far as it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmos_cli.engine.web import Web
from llmos_cli.errors import LlmosError

OLLAMA, LLAMA, VLLM = "ollama", "llama.cpp", "vllm"
_OWNERS = {"library": OLLAMA, "llamacpp": LLAMA, "vllm": VLLM}
_LENGTHS = ("loaded_context_length", "max_model_len", "context_length", "context_window", "max_context_length")
OLLAMA_TOKENS = 4096  # what Ollama takes where nothing says otherwise; it cuts longer texts, and says nothing
MOST_NAME, MOST_MODELS = 200, 5000


@dataclass(frozen=True)
class There:
    """A model on a server. `context` is tokens, 0 where the list does not say; `kind` is the sort of server, '' where that is not known."""

    model: str
    context: int = 0
    kind: str = ""


def models(web: Web, seconds: float) -> list[There]:
    """Those that it lists. Raises LlmosError."""
    data = web.ask("GET", "/models", seconds=seconds)
    listed = data.get("data", data.get("models")) if isinstance(data, Mapping) else data
    if not isinstance(listed, list):
        raise LlmosError(f"{web.name} lists its models in no form that is known", hint="is it an address of OpenAI's API?")
    found = [_there(each) for each in listed[:MOST_MODELS] if isinstance(each, Mapping) and _named(each)]
    return [replace(each, kind=OLLAMA) for each in found] if any(each.kind == OLLAMA for each in found) else found


def context(web: Web, model: str, listed: Sequence[There], seconds: float) -> int:
    """How many tokens a model takes; 0 where the server does not say. Raises nothing that the server could have caused."""
    there = next((each for each in listed if each.model == model), None)
    if there is None and len(listed) == 1:
        there = listed[0]  # llama-server answers to any name
    if there is None:
        return 0
    try:
        if there.kind == OLLAMA:
            return _of_ollama(web, model, seconds)
        if there.kind == LLAMA:
            props = web.ask("GET", f"{web.root}/props", seconds=seconds)
            return _tokens(props.get("default_generation_settings", {}).get("n_ctx")) or there.context
    except (LlmosError, AttributeError):
        pass
    return there.context


def _there(listed: Mapping[str, Any]) -> There:
    meta = listed.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    found = [listed.get(name) for name in _LENGTHS] + [meta.get("n_ctx"), meta.get("n_ctx_train")]
    return There(_named(listed), next(filter(None, map(_tokens, found)), 0), _OWNERS.get(str(listed.get("owned_by")), ""))


def _named(listed: Mapping[str, Any]) -> str:
    name = listed.get("id") or listed.get("name")
    return name if isinstance(name, str) and name.isprintable() and len(name) <= MOST_NAME else ""


def _tokens(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31 else 0


def _of_ollama(web: Web, model: str, seconds: float) -> int:
    """As it is loaded now, else as the model's own settings say, else what Ollama takes by itself."""
    running = web.ask("GET", f"{web.root}/api/ps", seconds=seconds)
    for each in running.get("models", ()):
        if model in (each.get("model"), each.get("name")) and (tokens := _tokens(each.get("context_length"))):
            return tokens
    about = web.ask("POST", f"{web.root}/api/show", {"model": model}, seconds=seconds)
    for line in str(about.get("parameters") or "").splitlines():
        if line.split()[:1] == ["num_ctx"] and line.split()[-1].isdigit():
            return int(line.split()[-1])
    trained = next((v for k, v in (about.get("model_info") or {}).items() if k.endswith(".context_length")), 0)
    return min(_tokens(trained) or OLLAMA_TOKENS, OLLAMA_TOKENS)
