"""Models in words: the facts of one, and how well they fit this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from llmos_cli.ui.words import joined, number, plural, size

if TYPE_CHECKING:
    from llmos_cli.kernel.models import Models

WRITING = ("plan", "chat", "summarize", "translate", "code")
COLUMNS = ("model", "weights + KV cache + margin", "tokens a second")


def facts(models: Models, model: Any, entry: Any, header: Any) -> Iterator[str]:
    """A line for each thing that is known."""
    found = [*_header(header), *_catalogue(entry, header), *(_installed(models, model) if model else _hint(entry))]
    return (f"{what:14} {said}" for what, said in found if said and said != "0")


def roles(names: Sequence[str]) -> str:
    """`all writing` in place of the five that it is made of; `-` for none."""
    others = [name for name in names if name not in WRITING]
    return joined(["all writing", *others]) if set(WRITING) <= set(names) else joined(names) or "-"


def remarks(model: Any) -> str:
    more = len(model.versions) - 1
    adapters = len(model.adapters)
    found = ["pinned"] * model.pinned + [plural(more, "older version")] * (more > 0) + [plural(adapters, "adapter")] * (adapters > 0)
    return ", ".join(found) or "-"


def _header(header: Any) -> Iterator[tuple[str, str]]:
    if header is None:
        return
    yield "title", header.title
    yield "architecture", header.architecture
    yield "parameters", _weights(header.parameters)
    yield "quantisation", header.quant
    yield "context", f"{number(header.context)} tokens" if header.context else ""
    yield "layers", f"{header.layers} of width {number(header.width)}"
    yield "KV cache", f"{size(header.kv)} for each token at 16 bits" if header.kv else ""
    yield "licence", header.licence
    yield (
        "chat template",
        "" if header.embeds else "yes" if header.template else "none: it was not made for chat, or its template was left out",
    )
    yield "made for", "embeddings" if header.embeds else ""


def _catalogue(entry: Any, header: Any) -> Iterator[tuple[str, str]]:
    if entry is None:
        return
    yield "name", entry.name
    if header is None:
        yield "title", entry.title
        yield "parameters", _weights(entry.parameters)
        yield "context", f"{number(entry.context)} tokens"
        yield "sizes", ", ".join(f"{quant} about {size(bytes_)}" for quant, bytes_ in entry.sizes.items())
    if header is None or not header.licence:
        yield "licence", entry.licence
    yield "good at", entry.good_at
    yield "made for", roles(entry.roles)
    yield "repository", entry.repository


def _installed(models: Models, model: Any) -> Iterator[tuple[str, str]]:
    yield "installed", f"{model.name}, {size(model.version.size)}{', pinned' if model.pinned else ''}"
    yield "used for", roles(models.roles.of(model)).removesuffix("-")
    yield "from", model.version.source + (f" at {model.version.commit[:12]}" if model.version.commit else "")
    yield "file", str(model.path) + (f" and {len(model.paths) - 1} more" if len(model.paths) > 1 else "")
    yield "sha256", joined([file.sha256 for file in model.version.files][:3])
    for adapter in model.adapters:
        yield "adapter", f"{adapter.name}, scale {adapter.scale:g}, {size(adapter.file.size)}"
    for version in model.versions:
        yield "version", f"{version.id}, {size(version.size)}{', this one counts' if version.id == model.current else ''}"


def _hint(entry: Any) -> Iterator[tuple[str, str]]:
    if entry is not None:
        yield "installed", f"no: llmos models pull {entry.name}"


def _weights(count: float) -> str:
    for unit, name in ((1e9, "billion"), (1e6, "million")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return number(int(count))


# ---- recommendations -----------------------------------------------------------------------------------


def machine(found: Any) -> str:
    cards = joined([f"{card.name} with {size(card.memory)}" for card in found.cards])
    said = f"This machine: {size(found.memory)} of memory, {size(found.free)} of it free; {found.cores} cores; "
    said += f"memory is read at {size(found.reads)}/s"
    if found.shared:
        return f"{said}; the graphics card shares the memory."
    if not cards:
        return f"{said}; no graphics card that could compute."
    return f"{said}; {cards}{'' if found.offloads else ', which this build of llama.cpp cannot use: llmos doctor'}."


def row(fit: Any) -> tuple[str, ...]:
    speed = "on the card" if fit.where == "card" else f"{fit.speed:.0f} or more" if fit.speed >= 1 else "under 1" if fit.speed else "-"
    need = f"{size(fit.need.weights)} + {size(fit.need.cache)} + {size(fit.need.margin)} = {size(fit.need.total)}"
    return f"{fit.entry.name}:{fit.quant}", need, speed if fit.where != "nowhere" else "does not fit"


def advice(fits: Sequence[Any]) -> Iterator[str]:
    """The first one, and why; how the numbers come about."""
    if not fits or not fits[0].good:
        return
    best = fits[0]
    yield f"Best here: {best.entry.name}:{best.quant} ({best.entry.title}; {best.entry.licence}), {best.entry.good_at}. It {best.why}."
    yield f"llmos models pull {best.entry.name}:{best.quant}"
    yield (
        f"Weights are about what the file has, the KV cache is for {number(best.context)} tokens at 16 bits, the margin is for llama.cpp's "
        "own buffers. The speed comes from how fast one core reads memory; several are quicker."
    )
