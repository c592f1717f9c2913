"""The planner's vocabulary: the plan's own tokens first, then word pieces.

The pieces are those of all-MiniLM-L6-v2 (a BERT vocabulary, Apache-2.0) that are common, or that occur in the sentences or in the
docstrings of Python's library; then Chinese characters. The result, `tokenizer.json`, is kept in the repository: token ids do not move when
sentences are added.

Usage: python -m training.tokenizer
"""

from __future__ import annotations

import ast
import collections
import json
import re
import sysconfig
import unicodedata
from pathlib import Path

from llmos_cli.planner import request as requests
from llmos_cli.planner import wire
from llmos_cli.tools import TOOLS
from training import rows

COMMON = 9000  # of the model's pieces, which stand in the order of their frequency
BEGIN = "\u2581"  # what llama.cpp's word-piece vocabulary has before a piece that begins a word
UNKNOWN = "[UNK]"
FILE = Path(__file__).parent / "tokenizer.json"
MARKS = "，。；：！？、（）《》「」『』“”‘’…—·￥～–×→°€£é"


def learn() -> None:
    """Write tokenizer.json: a list of pieces as llama.cpp's WPM vocabulary has them."""
    from training.embeddings import minilm

    tokenizer, _ = minilm()
    counts: collections.Counter[int] = collections.Counter()
    chinese: set[str] = set(MARKS)
    for row in rows.load():
        for unit in requests.read(row.say).units:
            counts.update(tokenizer.encode(unit.view, add_special_tokens=False).ids * 3)
            chinese.update(c for c in unit.view if unicodedata.category(c) == "Lo")
    for word, n in docstrings().items():
        counts.update(tokenizer.encode(word, add_special_tokens=False).ids * min(n, 3))
    kept = []
    for piece, i in sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1]):
        text = piece.removeprefix("##")
        if re.fullmatch(r"[a-z0-9]+|[!-~]", text) and (i < COMMON or len(text) == 1 or counts[i] >= 3):
            kept.append(text if piece.startswith("##") and len(piece) > 2 else BEGIN + text)
    common = (bytes((row, cell)).decode("gb2312", "ignore") for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    chinese.update(c for c in common if c)  # the 3,755 most used
    tokens = [UNKNOWN, *kept, *(BEGIN + c for c in sorted(chinese))]
    FILE.write_text(json.dumps(tokens, ensure_ascii=False, indent=0) + "\n")
    print(f"{len(tokens)} tokens")


def docstrings() -> collections.Counter[str]:
    """How often each word occurs in the docstrings of Python's library."""
    counts: collections.Counter[str] = collections.Counter()
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


def vocabulary() -> tuple[list[str], list[int]]:
    """(tokens, their GGUF types): the plan's tokens are control tokens (3), which no text is ever read as; the rest normal (1)."""
    text = json.loads(FILE.read_text())
    plan = list(wire.vocabulary(TOOLS))
    return plan + text, [3] * len(plan) + [2] + [1] * (len(text) - 1)


if __name__ == "__main__":
    learn()
