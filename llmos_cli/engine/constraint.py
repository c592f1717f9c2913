"""What an answer is held to: a JSON Schema, a regular expression, or a GBNF grammar.

Schemas and expressions go through llguidance, which says in some 50 µs which of 150,000 tokens may
come; GBNF goes through llama.cpp, which takes 25 to 70 ms for it, so the likeliest token is tried first.
"""

from __future__ import annotations

import ctypes
import json
import math
from collections.abc import Mapping
from typing import Any

from llmos_cli.engine.choosing import Chain
from llmos_cli.engine.network import Network
from llmos_cli.engine.weights import Weights
from llmos_cli.errors import Bug, LlmosError, UsageError

MOST_SCHEMA = 1 << 20  # characters
SPACES = r"[ ]?"  # between the parts of JSON: as many as JSON allows would let a weak model write nothing else
WRONG = "a constraint that cannot be followed"


class Guide:
    """A JSON Schema or a regular expression, at the place to which the accepted tokens have led."""

    def __init__(self, vocabulary: Words, grammar: str) -> None:
        """Raises UsageError for one that llguidance does not take."""
        import llguidance

        self._matcher = llguidance.LLMatcher(vocabulary.tokenizer, grammar, log_level=0)
        self._size = vocabulary.size
        self._mask = (ctypes.c_uint8 * (-(-vocabulary.size // 32) * 4))()
        self._raise()

    @property
    def finished(self) -> bool:
        return bool(self._matcher.is_stopped())

    def choose(self, chain: Chain, network: Network, row: int) -> int:
        self._matcher.unsafe_compute_mask_ptr(ctypes.addressof(self._mask), ctypes.sizeof(self._mask))
        self._raise()
        mask = bytes(self._mask)
        if 2 * int.from_bytes(mask, "little").bit_count() > self._size:  # most may come, so the likeliest will do
            token = network.sample(chain.pointer, row)
            if mask[token >> 3] >> (token & 7) & 1:
                return token
        ids = _ids(mask, self._size)
        if not len(ids):
            raise LlmosError("the constraint allows nothing here, not even the end")
        return chain.among(network.logits(row), ids)

    def accept(self, token: int) -> None:
        if not self._matcher.consume_token(token):
            self._raise()

    def _raise(self) -> None:
        if self._matcher.is_error():
            raise UsageError(f"{WRONG}: {_first_line(self._matcher.get_error())}")


def _ids(mask: bytes, size: int) -> Any:
    """The places of the set bits below `size`, as a numpy array of int32. Mostly few are set: words of 32 without any are passed over."""
    import numpy as np

    words = np.frombuffer(mask, dtype="<u4")
    some = np.flatnonzero(words)
    word, bit = np.nonzero(np.unpackbits(words[some].view(np.uint8), bitorder="little").reshape(-1, 32))
    ids = (some[word] * 32 + bit).astype(np.int32)
    return ids[: np.searchsorted(ids, size)]


class Words:
    """A model's vocabulary as llguidance wants it. Making it takes up to a second for 150,000 tokens."""

    def __init__(self, weights: Weights) -> None:
        """Raises LlmosError where llguidance is missing."""
        try:
            import llguidance
        except ImportError as error:
            raise LlmosError(f"answers cannot be held to a schema: {error}", hint="pip install llguidance") from error
        self.size = weights.vocabulary
        self.tokenizer = llguidance.LLTokenizer(
            llguidance.TokenizerWrapper(_Tokens(weights)),
            eos_token=_ends(weights),
            slices=llguidance.LLTokenizer.json_slices(),
        )


class _Tokens:
    """What llguidance's TokenizerWrapper asks for; a special token's bytes start with FF, which is in no text."""

    bos_token_id = None

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.eos_token_id = _ends(weights)[0]
        special = [weights.is_special(token) for token in range(weights.vocabulary)]
        self.tokens = [b"\xff" * mark + weights.piece(token) for token, mark in enumerate(special)]
        self.special_token_ids = [token for token, mark in enumerate(special) if mark]

    def __call__(self, text: str | bytes) -> list[int]:
        return self._weights.tokenize(text)


def _ends(weights: Weights) -> list[int]:
    """The tokens that end an answer. Raises LlmosError where there is none."""
    ends = [token for token in range(weights.vocabulary) if weights.is_end(token)]
    if not ends:
        raise LlmosError(f"{weights.path} has no token that ends an answer, so it cannot be held to a schema")
    return ends


class Gbnf:
    """A GBNF grammar, as llama.cpp reads it."""

    def __init__(self, weights: Weights, text: str, root: str = "root") -> None:
        """Raises LlmosError for a grammar that llama.cpp would not take, or that would crash it."""
        self._weights = weights
        self._sampler = weights.grammar(text, root)
        self.finished = False

    def choose(self, chain: Chain, network: Network, row: int) -> int:
        import numpy as np

        token = network.sample(chain.pointer, row)
        if self._sampler.allows(token):
            return token
        masked = np.array(self._sampler.masked(network.logits(row)), np.float32)
        ids = np.flatnonzero(masked > -math.inf).astype(np.int32)
        if not len(ids):
            raise LlmosError("the grammar allows nothing here, not even the end")
        return chain.among(network.logits(row), ids)

    def accept(self, token: int) -> None:
        if not self._sampler.allows(token):
            raise Bug(f"the grammar does not allow token {token} here")
        if self._weights.is_end(token):
            self.finished = True
        else:
            self._sampler.accept(token)


def schema_grammar(schema: Mapping[str, Any]) -> str:
    """A JSON Schema for `Guide`. Raises UsageError for one that is too large or no schema."""
    import llguidance

    try:
        text = json.dumps(schema)
        if len(text) > MOST_SCHEMA:
            raise UsageError(f"the schema is too large: {len(text)} characters, at most {MOST_SCHEMA}")
        made: str = llguidance.LLMatcher.grammar_from_json_schema(text, defaults={"whitespace_pattern": SPACES})
        return made
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{WRONG}: {_first_line(str(error))}") from error


def regex_grammar(expression: str) -> str:
    """A regular expression for `Guide`."""
    import llguidance

    made: str = llguidance.LLMatcher.grammar_from_regex(expression)
    return made


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:300]
