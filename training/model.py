"""The planner's network in PyTorch: qwen3 (grouped-query attention with QK-norm, NEOX RoPE, SwiGLU, tied embeddings)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    vocabulary: int
    width: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    head: int = 64
    ffn: int = 640
    context: int = 1024
    rope_base: float = 10000.0
    eps: float = 1e-6

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.q = nn.Linear(shape.width, shape.heads * shape.head, bias=False)
        self.k = nn.Linear(shape.width, shape.kv_heads * shape.head, bias=False)
        self.v = nn.Linear(shape.width, shape.kv_heads * shape.head, bias=False)
        self.out = nn.Linear(shape.heads * shape.head, shape.width, bias=False)
        self.q_norm = nn.RMSNorm(shape.head, eps=shape.eps)
        self.k_norm = nn.RMSNorm(shape.head, eps=shape.eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """x: [rows, length, width]; cos, sin: [rows, 1, length, head]; mask: [rows, 1, length, length], true where seen."""
        rows, length, _ = x.shape
        q = self.q_norm(self.q(x).view(rows, length, self.shape.heads, -1)).transpose(1, 2)
        k = self.k_norm(self.k(x).view(rows, length, self.shape.kv_heads, -1)).transpose(1, 2)
        v = self.v(x).view(rows, length, self.shape.kv_heads, -1).transpose(1, 2)
        q, k = _rotated(q, cos, sin), _rotated(k, cos, sin)
        times = self.shape.heads // self.shape.kv_heads
        k, v = k.repeat_interleave(times, 1), v.repeat_interleave(times, 1)
        y = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, attn_mask=mask)
        return self.out(y.transpose(1, 2).reshape(rows, length, -1))


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """NEOX rotary embedding: the halves of a head are the pair."""
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attn_norm = nn.RMSNorm(shape.width, eps=shape.eps)
        self.attn = Attention(shape)
        self.ffn_norm = nn.RMSNorm(shape.width, eps=shape.eps)
        self.gate = nn.Linear(shape.width, shape.ffn, bias=False)
        self.up = nn.Linear(shape.width, shape.ffn, bias=False)
        self.down = nn.Linear(shape.ffn, shape.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, dropout: float) -> Tensor:
        x = x + F.dropout(self.attn(self.attn_norm(x), cos, sin, mask), dropout, self.training)
        h = self.ffn_norm(x)
        return x + F.dropout(self.down(F.silu(self.gate(h)) * self.up(h)), dropout, self.training)


class Words(nn.Module):
    """Token embeddings: vectors of another model, kept as they are and projected, and what is learned for each token beside them.

    In training the learned part is left out for some tokens, so that a word that was never seen in training, which has the first part only,
    is read as well as it can be. What is exported is their sum.
    """

    def __init__(self, shape: Shape, given: int = 384, unlearned: float = 0.15) -> None:
        super().__init__()
        self.unlearned = unlearned
        self.register_buffer("given", torch.zeros(shape.vocabulary, given))
        self.project = nn.Linear(given, shape.width, bias=False)
        self.learned = nn.Embedding(shape.vocabulary, shape.width)
        nn.init.normal_(self.learned.weight, std=0.02)
        nn.init.normal_(self.project.weight, std=0.02 * given**-0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens: [rows, length]. Returns [rows, length, width]."""
        given, learned = F.embedding(tokens, self.given), self.learned(tokens)
        if self.training:
            left_out = (torch.rand(tokens.shape, device=tokens.device) < self.unlearned) & given.any(-1)
            learned = learned * ~left_out[..., None]
        return self.project(given) + learned

    def rows(self, count: int) -> Tensor:
        """The embeddings of the first `count` tokens: [count, width]."""
        return self.project(self.given[:count]) + self.learned.weight[:count]


class Planner(nn.Module):
    def __init__(self, shape: Shape, dropout: float = 0.1) -> None:
        super().__init__()
        self.shape, self.dropout = shape, dropout
        self.embedding = Words(shape)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=shape.eps)
        for name, weight in self.named_parameters():
            if weight.ndim == 2 and "embedding" not in name:
                scale = (2 * shape.layers) ** -0.5 if name.endswith(("out.weight", "down.weight")) else 1.0
                nn.init.normal_(weight, std=weight.shape[1] ** -0.5 * scale * 0.7)

    def forward(self, tokens: Tensor, positions: Tensor, document: Tensor, read: Tensor, at: Tensor, outputs: int) -> Tensor:
        """Logits of the first `outputs` tokens of the vocabulary for the places in `at`.

        tokens, positions (from 0 in each document), document (a number for each in its row), read (true in the request, which is seen both
        ways): [rows, length]; `at`: indexes into the flattened rows. Returns [len(at), outputs].
        """
        half = torch.arange(0, self.shape.head, 2, device=tokens.device) / self.shape.head
        angles = positions[..., None].float() * self.shape.rope_base**-half
        angles = torch.cat((angles, angles), -1)[:, None]
        cos, sin = angles.cos(), angles.sin()
        same = document[:, :, None] == document[:, None, :]
        mask = (same & (torch.ones_like(same).tril() | (read[:, :, None] & read[:, None, :])))[:, None]
        x = F.dropout(self.embedding(tokens), self.dropout, self.training)
        for block in self.blocks:
            x = block(x, cos, sin, mask, self.dropout)
        x = self.norm(x.flatten(0, 1)[at])
        return x @ self.embedding.rows(outputs).T
