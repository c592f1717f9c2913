"""What models, repositories, quantisations and files are called, and which names from outside are not taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmos_cli.errors import LlmosError, NotFound, UsageError

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_QUANT = re.compile(
    r"(?<![A-Z0-9])((?:UD-)?(?:IQ[1-4]_(?:XXS|XS|S|M|NL)|Q[1-8]_K(?:_(?:S|M|L|XL))?|Q[1-8]_[01]|TQ[12]_0|MXFP4(?:_MOE)?|NVFP4|BF16|FP?16|FP?32))"
    r"(?![A-Z0-9]|_[A-Z0-9])",
    re.ASCII,
)
_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf", re.ASCII)
# what is taken where nobody says which: small and nearly as good first
PREFERRED = (
    "Q4_K_M", "Q4_K_S", "Q5_K_M", "Q4_0", "IQ4_XS", "IQ4_NL", "Q5_K_S", "Q6_K", "Q8_0", "Q4_K_XL", "Q4_K_L", "Q3_K_M", "F16", "BF16", "F32",
)  # fmt: skip
MOST_PARTS, LONGEST = 999, 200  # parts of a split model; letters in a file's name
_FTYPES = {  # enum llama_ftype
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L",
    14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
    36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip
FTYPE = {name: number for number, name in _FTYPES.items()}


def quant_of_type(number: object) -> str:
    """The quantisation that `general.file_type` means; '' where it is not known."""
    return _FTYPES.get(number, "") if isinstance(number, int) else ""


@dataclass(frozen=True)
class Name:
    """What an installed model is called: `qwen3-4b:Q4_K_M`, `owner/repository:Q8_0`, or without a quantisation where none is known."""

    base: str
    quant: str = ""

    @staticmethod
    def of(text: str) -> Name:
        base, _, quant = text.partition(":")
        return Name(base, quant.upper())

    def __str__(self) -> str:
        return f"{self.base}:{self.quant}" if self.quant else self.base

    @property
    def folder(self) -> str:
        """One folder's name for it; no two names have the same, since no part of a name has `--` in it."""
        return "--".join(part for part in (*self.base.split("/"), self.quant) if part)


@dataclass(frozen=True)
class Reference:
    """What is to be pulled. `file` names one in the repository, or is a pattern with {quant} in it; '' leaves it to `choose`."""

    name: str  # of the model in the store, before its quantisation
    repository: str
    quant: str = ""
    file: str = ""


def good_repository(text: str) -> bool:
    return bool(_REPOSITORY.fullmatch(text)) and "--" not in text and ".." not in text and not text.endswith(".git")


def good_name(text: str) -> str:
    """A name that a person gives. Raises UsageError."""
    if not _PLAIN.fullmatch(text) or "--" in text or ".." in text:
        raise UsageError(f"{text!r} cannot be a model's name", hint="letters, digits, dots, dashes and underscores")
    return text


def plain(file: str) -> str:
    """A name for a model that is made of a file's name."""
    stem = re.sub(r"\.gguf$", "", file, flags=re.IGNORECASE).partition("-00001-of-")[0]
    return re.sub(r"[-.]{2,}", "-", re.sub(r"[^A-Za-z0-9._-]+", "-", stem)).strip("-._")[:90] or "model"


def read_repository(text: str) -> Reference:
    """`owner/repository[/file.gguf][:quant]`, also as an address on huggingface.co. Raises UsageError."""
    for prefix in ("https://huggingface.co/", "http://huggingface.co/", "huggingface.co/", "https://hf.co/", "hf.co/", "hf://", "hf:"):
        text = text.removeprefix(prefix)
    path, _, quant = text.partition(":")
    owner, repository, *rest = [*path.rstrip("/").split("/"), ""][:64]
    file = "/".join(part for part in rest if part)
    for middle in ("resolve/main/", "blob/main/", "tree/main"):
        file = file.removeprefix(middle)
    repo = f"{owner}/{repository}"
    if not good_repository(repo):
        raise UsageError(f"{text!r} is neither in the catalogue nor OWNER/REPOSITORY[:QUANT]", hint="llmos models search")
    if file and not file.lower().endswith(".gguf"):
        raise UsageError(f"{file!r} is no GGUF file", hint=f"llmos models pull {repo}")
    if quant and not re.fullmatch(r"[\w-]{1,32}", quant, re.ASCII):
        raise UsageError(f"{quant!r} is no quantisation", hint=f"llmos models pull {repo}:Q4_K_M")
    return Reference(repo, repo, quant.upper(), file)


def safe_file(path: str) -> str:
    """The last part of a file's path in a repository, where it can be a file's name here. Raises LlmosError for a hostile one."""
    parts = path.split("/")
    bad = (
        not path.isprintable() or "\\" in path or ":" in path or path.startswith("/") or len(path) > 4 * LONGEST
        or any(part in ("", ".", "..") or len(part.encode(errors="replace")) > LONGEST or part.startswith("-") for part in parts)
        or parts[-1].startswith(".") or parts[-1] != parts[-1].strip() or not parts[-1].lower().endswith(".gguf")
    )  # fmt: skip
    if bad:
        raise LlmosError(f"the repository has a file with a name that is not taken: {path[:80]!r}", hint="llmos models search --hub")
    return parts[-1]


def quant_in(path: str) -> str:
    """The quantisation that a file's name says, as `Q4_K_M`; '' where it says none."""
    found = _QUANT.findall(path.upper())
    return found[-1].replace("FP16", "F16").replace("FP32", "F32") if found else ""


def choose(files: Iterable[str], quant: str, file: str = "") -> tuple[str, list[str]]:
    """(quantisation, paths of all parts in their order) of the model to take from a repository that has `files`.

    `file` is a path, or a pattern with {quant} in it. Raises NotFound with what there is.
    """
    whole = _models(files)
    if file:
        wanted = (file.replace("{quant}", quant)).lower()
        for first, parts in whole.items():
            if wanted in (first.lower(), first.rpartition("/")[2].lower()) or _unsplit(first).lower() in (wanted, _unsplit(wanted)):
                return quant_in(first) or quant, parts
        if "{quant}" not in file:
            raise NotFound(f"the repository has no file {file}", hint=_offer(whole))
    named = {first: quant_in(first) for first in whole}
    for candidate in [quant] if quant else PREFERRED:
        fitting = [first for first, has in named.items() if candidate in (has, has.removeprefix("UD-"))]
        if fitting:
            best = min(fitting, key=lambda first: (named[first] != candidate, len(whole[first]) > 1, len(first), first))
            return named[best], whole[best]
    if not quant and len(whole) == 1:
        ((first, parts),) = whole.items()
        return named[first], parts
    if not whole:
        raise NotFound("the repository has no GGUF files", hint="look for one whose name ends in GGUF: llmos models search --hub WORDS")
    raise NotFound(f"the repository has no {quant or 'file whose name says a usual quantisation'}", hint=_offer(whole))


def _models(files: Iterable[str]) -> dict[str, list[str]]:
    """The first file of each model → all of its files. Parts that are not complete, and what belongs to pictures, are left out."""
    names = sorted({f for f in files if f.lower().endswith(".gguf")})
    whole: dict[str, list[str]] = {}
    for name in names:
        last = name.rpartition("/")[2].lower()
        if "mmproj" in last or "imatrix" in last:
            continue
        part = _PART.fullmatch(name)
        if part is None:
            whole[name] = [name]
        elif int(part[2]) == 1 and 1 <= int(part[3]) <= MOST_PARTS:
            parts = [f"{part[1]}-{i:05}-of-{part[3]}.gguf" for i in range(1, int(part[3]) + 1)]
            if set(parts) <= set(names):
                whole[name] = parts
    return whole


def parts_of(file: str) -> list[str]:
    """All parts of the split model that `file` is the first part of, or itself."""
    part = _PART.fullmatch(file)
    return [f"{part[1]}-{i:05}-of-{part[3]}.gguf" for i in range(1, int(part[3]) + 1)] if part else [file]


def _unsplit(file: str) -> str:
    part = _PART.fullmatch(file.rpartition("/")[2])
    return f"{part[1]}.gguf" if part else file


def _offer(whole: dict[str, list[str]]) -> str:
    found: Sequence[str] = sorted({quant_in(first) or first for first in whole})
    return f"there is {', '.join(found[:12])}{' …' if len(found) > 12 else ''}" if found else "there are no GGUF files in it"
