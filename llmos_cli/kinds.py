"""What sort of thing a file is, by its extension: image, audio, video, document, archive, code, text, data."""

from __future__ import annotations

import os

KINDS: dict[str, frozenset[str]] = {
    kind: frozenset(words.split())
    for kind, words in {
        "image": "jpg jpeg png gif bmp tif tiff webp svg heic heif avif ico psd xcf raw cr2 cr3 nef arw dng orf rw2 raf jxl",
        "audio": "mp3 flac wav ogg oga opus m4a aac wma aiff aif mid midi ape alac",
        "video": "mp4 mkv mov avi webm m4v mpg mpeg wmv flv 3gp ogv mts m2ts vob",
        "document": "pdf doc docx odt rtf pages tex epub mobi azw3 djvu ppt pptx odp key md rst txt html htm org",
        "archive": "zip tar gz tgz bz2 tbz xz txz 7z rar zst lz4 cab ar iso dmg deb rpm jar",
        "code": "py pyi js mjs cjs ts tsx jsx c h cpp cc cxx hpp hh rs go java kt scala rb pl pm php sh bash zsh fish ps1 lua r jl "
        "swift m mm cs fs vb sql html css scss sass less vue svelte dart ex exs erl hs ml clj el lisp asm s f f90 pas nim zig v",
        "text": "txt md rst log text org asc nfo tex",
        "data": "csv tsv json jsonl ndjson xml yaml yml toml xlsx xls ods parquet db sqlite sqlite3 h5 hdf5 npy npz pkl feather "
        "arrow sav dta rds",
    }.items()
}
# their text is packed, and has to be taken out before it can be read
DOCUMENTS = frozenset("pdf docx docm dotx pptx xlsx odt ott ods odp epub".split())
_FIRST = {ext: kind for kind, exts in reversed(KINDS.items()) for ext in exts}
DOUBLE = ("tar.gz", "tar.bz2", "tar.xz", "tar.zst")


def kind_of(ext: str) -> str:
    """The kind that an extension belongs to first ('code' for html is second to 'document'); 'other' for none."""
    return _FIRST.get(ext, "other")


def parted(name: str) -> tuple[str, str]:
    """A file's name without its ending, and the ending with its dot: `a.tar.gz` → (`a`, `.tar.gz`), `.bashrc` → (`.bashrc`, ``)."""
    for double in DOUBLE:
        if name.lower().endswith("." + double) and len(name) > len(double) + 1:
            return name[: -len(double) - 1], name[-len(double) - 1 :]
    return os.path.splitext(name)
