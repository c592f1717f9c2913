"""The planner's vocabulary: the plan's own tokens first, then a byte-level BPE over the words of requests.

The BPE is learned from the sentences, and from the docstrings of Python's library so that common words that nobody happened to write are
whole tokens too. The result, `tokenizer.json`, is kept in the repository: token ids do not move when sentences are added.

Usage: python -m training.tokenizer
"""

from __future__ import annotations

import ast
import collections
import json
import re
import sysconfig
from pathlib import Path

from llmos_cli.planner import request as requests
from llmos_cli.planner import wire
from llmos_cli.tools import TOOLS
from training import rows

SIZE = 6000  # tokens of text, the 256 bytes among them
FILE = Path(__file__).parent / "tokenizer.json"


def words() -> collections.Counter[str]:
    """How often each word occurs, as the model sees words; sentences count ten times."""
    counts: collections.Counter[str] = collections.Counter()
    for row in rows.load():
        for unit in requests.read(row.say).units:
            counts[unit.view] += 10
    for file in Path(sysconfig.get_path("stdlib")).rglob("*.py"):
        if "test" in file.parts or "site-packages" in file.parts:
            continue
        try:
            tree = ast.parse(file.read_text())
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                counts.update(re.findall(r"[a-z]{3,}", (ast.get_docstring(node) or "").lower()))
    return counts


def learn() -> None:
    """Write tokenizer.json: {"tokens": […], "merges": ["a b", …]} in GPT-2's byte alphabet."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    trainer = trainers.BpeTrainer(vocab_size=SIZE, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), min_frequency=4)
    counts = words()
    tokenizer.train_from_iterator((word for word, n in counts.items() for _ in range(min(n, 2000))), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    FILE.write_text(json.dumps({"tokens": tokens, "merges": merges}, ensure_ascii=False, indent=0) + "\n")
    print(f"{len(tokens)} tokens, {len(merges)} merges")


def vocabulary() -> tuple[list[str], list[int], list[str]]:
    """(tokens, their GGUF types, merges): the plan's tokens are control tokens (3), which no text is ever read as; the rest normal (1)."""
    text = json.loads(FILE.read_text())
    plan = list(wire.vocabulary(TOOLS))
    types = [3] * len(plan) + [1] * len(text["tokens"])
    return plan + text["tokens"], types, text["merges"]


if __name__ == "__main__":
    learn()
