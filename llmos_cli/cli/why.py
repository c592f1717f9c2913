"""`llmos explain`: why the last request became its plan."""

from __future__ import annotations

from llmos_cli.cli.output import Output
from llmos_cli.host import Host
from llmos_cli.kernel.explain import explain
from llmos_cli.kernel.kernel import Kernel
from llmos_cli.tools import TOOLS
from llmos_cli.ui.show import Show, mode_for
from llmos_cli.ui.why import explanation
from llmos_cli.values import Text


def perform(output: Output) -> None:
    kernel = Kernel(Host.real())
    found = explain(kernel)
    show = Show(kernel.host, mode_for(kernel.host, json=output.json))
    if not output.json:
        show.value(Text(tuple(explanation(found, TOOLS))))
        return
    show.json(
        {
            "request": found.request,
            "plan": found.text,
            "origin": found.origin,
            "confidence": round(found.confidence, 4),
            "sources": [vars(source) for source in found.sources],
            "choices": [
                {"chosen": c.chosen, "probability": round(c.probability, 4), "others": {name: round(p, 4) for name, p in c.others}}
                for c in found.choices
            ],
            "others": [{"plan": text, "confidence": round(confidence, 4)} for text, confidence in found.others],
        }
    )
