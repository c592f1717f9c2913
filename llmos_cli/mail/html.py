"""HTML as the text that a person would read. Each step goes forward, so that hostile mail costs no more time than other mail."""

from __future__ import annotations

import html
import re

MAX_HTML = 1024 * 1024
_TOKEN = re.compile(r"<(?:(!--)|(/?)([a-zA-Z][\w:-]{0,30})([^<>]{0,4000})>|[!?][^<>]{0,2000}>)")
_BLOCKS = frozenset(
    "p div br hr tr table ul ol li dl dt dd h1 h2 h3 h4 h5 h6 blockquote pre section article header footer address form".split()
)
_UNSEEN = ("script", "style", "head", "title", "noscript", "template", "svg")
_APART = frozenset(["p", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"])


def as_text(source: str) -> str:
    """The words of an HTML text in lines; of a link also where it leads, if its words do not say so."""
    source = source[:MAX_HTML]
    out: list[str] = []
    lower, at, target = source.lower(), 0, ""
    label_from = 0
    missing: set[str] = set()  # ends that do not come any more
    while match := _TOKEN.search(source, at):
        out.append(_words(source[at : match.start()]))
        at = match.end()
        tag = (match[3] or "").lower()
        closing = "-->" if match[1] else f"</{tag}" if tag in _UNSEEN and not match[2] else ""
        if closing:
            end = -1 if closing in missing else lower.find(closing, at)
            if end < 0:
                missing.add(closing)
            at = at if end < 0 else end + len(closing) if match[1] else end
        elif tag == "a":
            out.append(_link(target, "".join(out[label_from:])))
            target, label_from = ("" if match[2] else _target(match[4])), len(out)
        elif tag == "img" and (alt := re.search(r'\balt\s*=\s*"([^"]{1,200})"', match[4])):
            out.append(f"[{html.unescape(alt[1])}]")
        elif tag in _BLOCKS:
            out.append(("\n\n" if tag in _APART else "\n") + ("- " if tag == "li" and not match[2] else ""))
        elif tag in ("td", "th"):
            out.append(" ")
    out.append(_words(source[at:]))
    lines = [" ".join(line.split()) for line in "".join(out).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(text))


def _target(attributes: str) -> str:
    match = re.search(r"\bhref\s*=\s*(?:\"([^\"]{1,2000})\"|'([^']{1,2000})'|([^\s\"'>]{1,2000}))", attributes, re.IGNORECASE)
    said = html.unescape(next(filter(None, match.groups()), "")).strip() if match else ""
    return re.sub(r"\s", "", said) if re.match(r"(https?|mailto|ftp):", said, re.IGNORECASE) else ""


def _link(target: str, label: str) -> str:
    """` <https://…>` behind the words of a link, where they do not hold it already."""
    bare = target.removeprefix("mailto:")
    return f" <{target}>" if target and bare.rstrip("/") not in label else ""
