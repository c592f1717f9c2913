"""The network in numpy computes what llama.cpp computes, and its gradients are the slopes of its loss."""

from __future__ import annotations

import numpy as np
import pytest

from llmos_cli.engine import gguf, tensors
from llmos_cli.engine.llama import Llama
from llmos_cli.kernel.planners import bundled
from llmos_cli.planner import prompt
from llmos_cli.planner.network import EMBEDDING, Batch, Network, Shape
from llmos_cli.planner.planner import VOCABULARY_KEY
from llmos_cli.planner.request import read
from tests.planner import tinyplanner as tiny

REQUESTS = (
    "the five largest pdfs in Downloads",
    "move all of my photos from last summer into the Pictures folder, please",
    "把下载里的图片移到桌面",
    "yeet it",
)
SHAPE = Shape(tiny.LAYERS, tiny.HEADS, tiny.KV_HEADS, tiny.HEAD, 1e-6, 10000.0)


def padded(documents: list[list[int]], outputs: int) -> Batch:
    """Each document's last token has a target, and all but that token are read both ways."""
    tokens = np.zeros((len(documents), max(map(len, documents))), int)
    targets = np.full_like(tokens, -1)
    for row, ids in enumerate(documents):
        tokens[row, : len(ids)] = ids
        targets[row, len(ids) - 1] = row % outputs
    return Batch(tokens, np.array([len(ids) - 1 for ids in documents]), targets)


def test_logits_are_those_of_the_engine():
    path = bundled()
    network = Network(Shape.of(gguf.read_metadata(path)), tensors.read(path))
    with Llama.open(path, context=256) as engine:
        ids = {token: i for i, token in enumerate(engine.metadata(VOCABULARY_KEY).split("\n"))}
        documents = [prompt.prompt(read(request), "none", {}, ids, engine.tokenize) for request in REQUESTS]
        mine = network.logits(padded(documents, len(ids)), engine.vocabulary)
        for row, (*asked, begin) in enumerate(documents):
            engine.rewind(0)
            engine.decode(asked, both_ways=True)
            engine.decode([begin])
            theirs = np.array(engine.logits()[0 : engine.vocabulary])
            assert np.abs(mine[row] - theirs).max() < 0.08 * theirs.std()  # llama.cpp rounds what goes into each product to 8 bits
            assert mine[row, : len(ids)].argmax() == theirs[: len(ids)].argmax()


def example() -> tuple[Network, Batch, np.ndarray, np.ndarray]:
    """A tiny network in float64 with documents of several lengths, some tokens twice, and targets that are spread."""
    random = np.random.default_rng(3)
    network = Network(SHAPE, {name: array.astype(np.float64) for name, array in tiny.weights(40).items()})
    tokens = random.integers(0, 40, (3, 9))
    targets = np.where(np.arange(9) >= np.array([[4], [2], [6]]), random.integers(0, 20, (3, 9)), -1)
    targets[1, 7:] = -1
    wanted = random.dirichlet(np.ones(20), int((targets >= 0).sum()))
    return network, Batch(tokens, np.array([4, 2, 6]), targets), wanted, random.uniform(1, 2, len(wanted))


def test_gradients_are_the_slopes_of_the_loss():
    network, batch, wanted, counts = example()
    random, step = np.random.default_rng(4), 1e-5
    _, grads = network.loss(batch, wanted, counts)
    assert grads.keys() == network.weights.keys()
    for name, weight in network.weights.items():
        for _ in range(4):
            at = tuple(random.integers(0, size) for size in weight.shape)
            if name == EMBEDDING:
                at = (int(batch.tokens.ravel()[random.integers(0, batch.tokens.size)]), at[1])
            kept = weight[at]
            weight[at] = kept + step
            above, _ = network.loss(batch, wanted, counts)
            weight[at] = kept - step
            below, _ = network.loss(batch, wanted, counts)
            weight[at] = kept
            assert grads[name][at] == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-8), name


def test_what_fills_up_a_batch_makes_no_difference():
    network, batch, wanted, counts = example()
    longer = Batch(
        np.pad(batch.tokens, ((0, 0), (0, 5)), constant_values=7), batch.read, np.pad(batch.targets, ((0, 0), (0, 5)), constant_values=-1)
    )
    loss, grads = network.loss(batch, wanted, counts)
    other, others = network.loss(longer, wanted, counts)
    assert other == pytest.approx(loss)
    assert all(np.allclose(grads[name], others[name]) for name in grads)


@pytest.mark.slow  # loading PyTorch takes seconds
def test_it_is_the_network_that_was_trained_in_pytorch():
    torch = pytest.importorskip("torch")
    from training import export, model

    network, batch, wanted, counts = example()
    shape = model.Shape(40, tiny.WIDTH, tiny.LAYERS, tiny.HEADS, tiny.KV_HEADS, tiny.HEAD, tiny.FFN)
    reference = model.Planner(shape, dropout=0.0).double()
    with torch.no_grad():
        reference.embedding.project.weight.zero_()
        reference.embedding.learned.weight.copy_(torch.tensor(network.weights[EMBEDDING]))
        named = {export._name(name): weight for name, weight in reference.named_parameters() if "embedding" not in name}
        for name, weight in named.items():
            weight.copy_(torch.tensor(network.weights[name]))
    reference.eval()
    positions = torch.arange(9).expand(3, 9)
    read = torch.tensor(np.arange(9) < batch.read[:, None])
    at = torch.tensor(np.flatnonzero(batch.targets.ravel() >= 0))
    logits = reference(torch.tensor(batch.tokens), positions, torch.ones(3, 9), read, at, 20)
    assert np.allclose(network.logits(batch, 20), logits.detach().numpy())
    loss = -(torch.tensor(wanted) * logits.log_softmax(-1)).sum(-1) @ torch.tensor(counts / counts.sum())
    loss.backward()
    mine, grads = network.loss(batch, wanted, counts)
    assert mine == pytest.approx(loss.item())
    assert np.allclose(grads[EMBEDDING], reference.embedding.learned.weight.grad.numpy())
    assert all(np.allclose(grads[name], weight.grad.numpy()) for name, weight in named.items())
