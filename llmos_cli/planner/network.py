"""The planner's network in numpy, forward and backward: it can be trained on where there is no PyTorch.

qwen3 as llama.cpp computes it: RMSNorm, grouped-query attention with normed queries and keys and NEOX rotary embeddings, SwiGLU, and one
matrix for the embedding and the head. N is the tokens of a batch, rows times length; weights are called as in the GGUF, in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from llmos_cli.errors import LlmosError

Array = npt.NDArray[Any]
Turns = tuple[Array, Array]
Back = Callable[[Array], Array]  # the gradient of what a layer gave → the gradient of what it took
EMBEDDING, LAST_NORM, HEAD = "token_embd.weight", "output_norm.weight", "output.weight"


@dataclass(frozen=True)
class Shape:
    layers: int
    heads: int
    kv_heads: int
    head: int  # components of a head
    eps: float
    rope_base: float

    @staticmethod
    def of(metadata: Mapping[str, Any]) -> Shape:
        """From a GGUF's header. Raises LlmosError for a network of another kind."""

        def value(key: str) -> Any:
            return metadata[f"qwen3.{key}"]

        try:
            if metadata["general.architecture"] != "qwen3":
                raise KeyError
            heads, width = value("attention.head_count"), value("embedding_length")
            head = metadata.get("qwen3.attention.key_length", width // heads)
            eps, base = value("attention.layer_norm_rms_epsilon"), value("rope.freq_base")
            return Shape(value("block_count"), heads, value("attention.head_count_kv"), head, eps, base)
        except KeyError:
            raise LlmosError("this planner is of a kind that cannot be trained on", hint="llmos planner info") from None


class Batch(NamedTuple):
    """Documents of about one length, a row each, with anything after their ends.

    tokens: [rows, length]; read: [rows], how many tokens from the first on see each other both ways; targets: [rows, length], the token
    that should follow each, -1 where that does not matter.
    """

    tokens: Array
    read: Array
    targets: Array


class Network:
    """`weights` by name, as matrices [out, in] and vectors; they are the network's own, and may be changed in place between two calls."""

    def __init__(self, shape: Shape, weights: dict[str, Array]) -> None:
        """Raises LlmosError where the head is a matrix of its own."""
        if HEAD in weights:
            raise LlmosError("this planner is of a kind that cannot be trained on", hint="llmos planner info")
        self.shape, self.weights = shape, weights
        self._grads: dict[str, Array] = {}

    def logits(self, batch: Batch, outputs: int) -> Array:
        """Of the first `outputs` tokens of the vocabulary, where there is a target: [targets, outputs]."""
        return self._forward(batch, outputs)[0]

    def loss(self, batch: Batch, wanted: Array, counts: Array) -> tuple[float, dict[str, Array]]:
        """(mean cross-entropy in nats, its gradient for each weight).

        `wanted`: [targets, outputs], the probability that each token should have; `counts`: [targets], what each target counts.
        """
        self._grads = {}
        logits, back = self._forward(batch, wanted.shape[1])
        logits -= logits.max(-1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
        counts = (counts / counts.sum()).astype(logits.dtype)
        mean = float(-(counts * np.einsum("no,no->n", wanted, logits)).sum())
        back((np.exp(logits) - wanted) * counts[:, None])
        return mean, self._grads

    # ---- the whole -----------------------------------------------------------------------------------------

    def _forward(self, batch: Batch, outputs: int) -> tuple[Array, Callable[[Array], None]]:
        """The logits, and what takes their gradient back to the weights."""
        table = self.weights[EMBEDDING]
        tokens, at = batch.tokens.ravel(), np.flatnonzero(batch.targets.ravel() >= 0)
        mask, turns = _mask(batch, table.dtype), self._turns(batch.tokens.shape[1], table.dtype)
        x = table[tokens]
        backs: list[Back] = []
        for layer in range(self.shape.layers):
            name = f"blk.{layer}."
            for part in (self._attention, self._feed_forward):
                y, back = part(name, x, mask, turns)
                x = x + y
                backs.append(back)
        last, last_back = self._norm(LAST_NORM, x[at])

        def whole(slope: Array) -> None:
            grad = np.zeros_like(table)
            grad[:outputs] = slope.T @ last
            dx = np.zeros_like(x)
            dx[at] = last_back(slope @ table[:outputs])
            for back in reversed(backs):
                dx += back(dx)
            order = np.argsort(tokens, kind="stable")
            ids, starts = np.unique(tokens[order], return_index=True)
            grad[ids] += np.add.reduceat(dx[order], starts)
            self._grads[EMBEDDING] = grad

        return last @ table[:outputs].T, whole

    def _turns(self, length: int, dtype: Any) -> Turns:
        """cos and sin of the rotary embedding's angles: [length, 1, head / 2] each."""
        half = np.arange(0, self.shape.head, 2) / self.shape.head
        angles = np.arange(length)[:, None, None] * self.shape.rope_base**-half
        return np.cos(angles).astype(dtype), np.sin(angles).astype(dtype)

    # ---- the parts of a layer ------------------------------------------------------------------------------

    def _attention(self, name: str, x: Array, mask: Array, turns: Turns) -> tuple[Array, Back]:
        """x: [N, width]; mask: [rows, 1, 1, length, length]."""
        shape, rows, length = self.shape, mask.shape[0], mask.shape[-1]
        h, h_back = self._norm(name + "attn_norm.weight", x)
        q, q_back = self._queries(name + "attn_q", h, turns)
        k, k_back = self._queries(name + "attn_k", h, turns)
        v, v_back = self._linear(name + "attn_v.weight", h)
        q, k, v = (self._by_head(each, rows, length) for each in (q, k, v))
        scale = x.dtype.type(shape.head**-0.5)
        scores = (q @ k.swapaxes(-1, -2) * scale).reshape(rows, shape.kv_heads, -1, length, length)
        scores += mask
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        p = scores.reshape(rows, shape.kv_heads, -1, length)
        y, out_back = self._linear(name + "attn_output.weight", _by_token(p @ v, length))

        def back(dy: Array) -> Array:
            do = self._by_head(out_back(dy), rows, length)
            dp = do @ v.swapaxes(-1, -2)
            dp -= np.einsum("...i,...i->...", dp, p)[..., None]
            dp *= p
            dp *= scale
            dh = q_back(_by_token(dp @ k, length))
            dh += k_back(_by_token(dp.swapaxes(-1, -2) @ q, length))
            dh += v_back(_by_token(p.swapaxes(-1, -2) @ do, length))
            return h_back(dh)

        return y, back

    def _by_head(self, x: Array, rows: int, length: int) -> Array:
        """[N, heads * head] → [rows, kv_heads, heads for each of them * length, head]."""
        kv_heads, head = self.shape.kv_heads, self.shape.head
        return x.reshape(rows, length, kv_heads, -1, head).transpose(0, 2, 3, 1, 4).reshape(rows, kv_heads, -1, head)

    def _queries(self, name: str, h: Array, turns: Turns) -> tuple[Array, Back]:
        """Projected, normed head by head, and turned by their positions: [N, heads * head]."""
        projected, linear_back = self._linear(name + ".weight", h)
        normed, norm_back = self._norm(name + "_norm.weight", projected.reshape(-1, self.shape.head))
        cos, sin = turns
        full = (-1, len(cos), projected.shape[1] // self.shape.head, self.shape.head)

        def back(dy: Array) -> Array:
            turned = _turned(dy.reshape(full), cos, -sin).reshape(normed.shape)
            return linear_back(norm_back(turned).reshape(projected.shape))

        return _turned(normed.reshape(full), cos, sin).reshape(projected.shape), back

    def _feed_forward(self, name: str, x: Array, mask: Array, turns: Turns) -> tuple[Array, Back]:
        h, h_back = self._norm(name + "ffn_norm.weight", x)
        gate, gate_back = self._linear(name + "ffn_gate.weight", h)
        up, up_back = self._linear(name + "ffn_up.weight", h)
        with np.errstate(over="ignore"):  # exp of much is infinite, and the share is 0 then
            share = 1 / (1 + np.exp(-gate))
        open_ = gate * share
        y, down_back = self._linear(name + "ffn_down.weight", open_ * up)

        def back(dy: Array) -> Array:
            inside = down_back(dy)
            dh = up_back(inside * open_)
            inside *= up
            inside *= share + open_ * (1 - share)
            dh += gate_back(inside)
            return h_back(dh)

        return y, back

    def _linear(self, name: str, x: Array) -> tuple[Array, Back]:
        weight = self.weights[name]

        def back(dy: Array) -> Array:
            self._grads[name] = dy.T @ x
            return dy @ weight

        return x @ weight.T, back

    def _norm(self, name: str, x: Array) -> tuple[Array, Back]:
        """RMSNorm over the last axis of [any, size]."""
        weight, size = self.weights[name], x.shape[-1]
        inverse = 1 / np.sqrt(np.einsum("ni,ni->n", x, x) / size + x.dtype.type(self.shape.eps))[:, None]
        unit = x * inverse

        def back(dy: Array) -> Array:
            self._grads[name] = np.einsum("ni,ni->i", dy, unit)
            slope = dy * weight
            slope -= unit * (np.einsum("ni,ni->n", slope, unit) / size)[:, None]
            slope *= inverse
            return slope

        return unit * weight, back


def _mask(batch: Batch, dtype: Any) -> Array:
    """What is added to the scores: 0 where a token is seen, much less where it is not. [rows, 1, 1, length, length]."""
    at = np.arange(batch.tokens.shape[1])
    read = at < batch.read[:, None]
    seen = (at[None, :] <= at[:, None]) | (read[:, :, None] & read[:, None, :])
    return np.where(seen, 0, -1e9).astype(dtype)[:, None, None]


def _turned(x: Array, cos: Array, sin: Array) -> Array:
    """NEOX rotary embedding of [rows, length, heads, head]: the halves of a head are the pairs."""
    a, b = np.split(x, 2, -1)
    return np.concatenate((a * cos - b * sin, b * cos + a * sin), -1)


def _by_token(x: Array, length: int) -> Array:
    """Undo `Network._by_head`: [N, heads * head]."""
    rows, kv_heads, _, head = x.shape
    return x.reshape(rows, kv_heads, -1, length, head).transpose(0, 3, 1, 2, 4).reshape(rows * length, -1)
