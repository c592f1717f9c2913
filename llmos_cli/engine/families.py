"""What families of models differ in: the marks in their answers, and how a chat is written where a file has no template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmos_cli.engine.weights import Weights

THINKING, CALL, DROPPED = "thinking", "call", "dropped"


@dataclass(frozen=True)
class Span:
    """What stands between two marks in an answer; an empty `close` is the answer's end."""

    open: str
    close: str
    kind: str


SPANS = (
    Span("<think>", "</think>", THINKING),  # Qwen3, DeepSeek R1, SmolLM3
    Span("[THINK]", "[/THINK]", THINKING),  # Magistral, Ministral 3
    Span("<|channel>thought", "<channel|>", THINKING),  # Gemma 4
    Span("<|channel|>analysis<|message|>", "<|end|>", THINKING),  # gpt-oss
    Span("<|start|>assistant", "<|channel|>final<|message|>", DROPPED),
    Span("<tool_call>", "</tool_call>", CALL),  # Qwen, Hermes, Granite
    Span("<|python_tag|>", "", CALL),  # Llama 3; without the mark, the whole answer is a call
    Span("[TOOL_CALLS]", "", CALL),  # Mistral
    Span("<|tool_call_start|>", "<|tool_call_end|>", CALL),  # LFM2
    Span("<|tool_call>", "<tool_call|>", CALL),  # Gemma 4
)
_WITHIN = ("[ARGS]", '<|"|>', "<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|channel>")
# Control tokens that are marks for us; all others are not text, and are left out of an answer.
MARKS = frozenset([*_WITHIN, *(mark for span in SPANS for mark in (span.open, span.close) if mark)])

_LOOP = "{% for m in messages %}"
_CHATML = (
    _LOOP + "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_LLAMA_3 = (
    "{{ bos_token }}" + _LOOP + "<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
_GEMMA = (
    "{{ bos_token }}" + _LOOP + "<start_of_turn>{{ 'model' if m.role == 'assistant' else 'user' }}\n{{ m.content | trim }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
_MISTRAL = (
    "{{ bos_token }}" + _LOOP + "{% if m.role == 'assistant' %} {{ m.content | trim }}{{ eos_token }}"
    "{% else %}[INST] {{ m.content | trim }} [/INST]{% endif %}{% endfor %}"
)
_PLAIN = _LOOP + "{{ m.role | capitalize }}: {{ m.content | trim }}\n\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
_KNOWN_BY = (("<|im_start|>", "chatml", _CHATML), ("<|start_header_id|>", "llama 3", _LLAMA_3), ("<start_of_turn>", "gemma", _GEMMA))

TOOLS = """\
You can use these tools:
{tools}

To use one, answer with this and nothing else, once for each use:
<tool_call>
{{"name": "the tool's name", "arguments": {{…}}}}
</tool_call>"""


def fallback(weights: Weights) -> tuple[str, str]:
    """(name, template) of the family whose marks are in the model's vocabulary: for a file without a template."""
    for mark, name, template in _KNOWN_BY:
        if len(found := weights.tokenize(mark, special=True)) == 1 and weights.is_special(found[0]):
            return name, template
    if weights.metadata("general.architecture") == "llama" and weights.metadata("tokenizer.ggml.model") == "llama":
        return "mistral", _MISTRAL
    return "plain", _PLAIN
