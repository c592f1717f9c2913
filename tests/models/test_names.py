"""What is meant by a name, which file of a repository is taken, and what the catalogue says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from llmos_cli.errors import LlmosError, NotFound, UsageError
from llmos_cli.models.catalogue import OURS, ROLES, Catalogue
from llmos_cli.models.names import FTYPE, Name, choose, quant_in, read_repository, safe_file
from llmos_cli.models.pull import meant


@pytest.mark.parametrize(
    ("file", "quant"),
    [
        ("Qwen3-4B-Q4_K_M.gguf", "Q4_K_M"),
        ("qwen3-4b-q4_k_m.gguf", "Q4_K_M"),
        ("nomic-embed-text-v1.5.Q8_0.gguf", "Q8_0"),
        ("x-f16.gguf", "F16"),
        ("x.fp16.gguf", "F16"),
        ("Q5_K_S/x-Q5_K_S-00001-of-00002.gguf", "Q5_K_S"),
        ("m-IQ2_XXS.gguf", "IQ2_XXS"),
        ("m-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("m-BF16.gguf", "BF16"),
        ("gemma-3-1b-it.gguf", ""),
        ("Q4-model.gguf", ""),
        ("m-MXFP4.gguf", "MXFP4"),
        ("m-Q4_K_M_custom.gguf", ""),
    ],
)
def test_the_quantisation_is_read_from_a_name(file: str, quant: str) -> None:
    assert quant_in(file) == quant


FILES = [
    "README.md",
    "m-Q4_K_M.gguf",
    "m-UD-Q4_K_M.gguf",
    "m-Q8_0.gguf",
    "m-Q2_K.gguf",
    "mmproj-m-Q8_0.gguf",
    "m-imatrix.gguf",
    "F16/m-F16-00001-of-00002.gguf",
    "F16/m-F16-00002-of-00002.gguf",
    "BF16/m-BF16-00001-of-00002.gguf",
]


@pytest.mark.parametrize(
    ("quant", "file", "first", "count"),
    [
        ("", "", "m-Q4_K_M.gguf", 1),
        ("Q8_0", "", "m-Q8_0.gguf", 1),
        ("F16", "", "F16/m-F16-00001-of-00002.gguf", 2),
        ("Q2_K", "", "m-Q2_K.gguf", 1),
        ("Q8_0", "m-{quant}.gguf", "m-Q8_0.gguf", 1),
        ("F16", "m-{quant}.gguf", "F16/m-F16-00001-of-00002.gguf", 2),
        ("", "m-Q2_K.gguf", "m-Q2_K.gguf", 1),
        ("UD-Q4_K_M", "", "m-UD-Q4_K_M.gguf", 1),
        ("Q8_0", "renamed-{quant}.gguf", "m-Q8_0.gguf", 1),
    ],
)
def test_the_right_file_is_taken(quant: str, file: str, first: str, count: int) -> None:
    _, parts = choose(FILES, quant, file)
    assert (parts[0], len(parts)) == (first, count)


def test_what_is_not_there_is_said_with_what_is() -> None:
    with pytest.raises(NotFound, match="no Q5_K_M") as caught:
        choose(FILES, "Q5_K_M")
    assert "Q8_0" in caught.value.hint and "BF16" not in caught.value.hint  # of which a part is missing
    with pytest.raises(NotFound, match="no GGUF"):
        choose(["README.md"], "")
    assert choose(["only.gguf"], "")[1] == ["only.gguf"]


@pytest.mark.parametrize(
    ("text", "repository", "quant", "file"),
    [
        ("a/b", "a/b", "", ""),
        ("a/b:q4_k_m", "a/b", "Q4_K_M", ""),
        ("hf.co/a/b:Q8_0", "a/b", "Q8_0", ""),
        ("a/b/c/d.gguf", "a/b", "", "c/d.gguf"),
        ("https://huggingface.co/a/b", "a/b", "", ""),
        ("https://huggingface.co/a/b/tree/main", "a/b", "", ""),
        ("https://huggingface.co/a/b/resolve/main/x.gguf", "a/b", "", "x.gguf"),
        ("https://huggingface.co/a/b/blob/main/x.gguf", "a/b", "", "x.gguf"),
    ],
)
def test_repositories_are_understood(text: str, repository: str, quant: str, file: str) -> None:
    found = read_repository(text)
    assert (found.repository, found.quant, found.file) == (repository, quant, file)


@pytest.mark.parametrize(
    "text", ["a/b/x.bin", "../b", "a/..", "/a/b", "a b/c", "a/b:x y", "a--b/c", "a/b\n", "https://evil.example/a/b", "a/b?x"]
)
def test_what_is_no_repository_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_repository(text)


def test_names_of_files_from_outside() -> None:
    assert safe_file("Q4/m-Q4_K_M.gguf") == "m-Q4_K_M.gguf" and safe_file("Modèle-Q8_0.gguf") == "Modèle-Q8_0.gguf"
    for name in (
        "",
        "/",
        "..",
        "x/../y.gguf",
        "x.txt",
        "a\\b.gguf",
        "a:b.gguf",
        "-x.gguf",
        "\ud800.gguf",
        "x\u200b.gguf",
        "y/" * 500 + "x.gguf",
    ):
        with pytest.raises(LlmosError):
            safe_file(name)


def test_folders_of_two_names_are_never_one() -> None:
    names = ["a/b:Q8_0", "a/b", "a-b:Q8_0", "b:Q8_0", "a.b", "a_b"]
    assert len({Name.of(name).folder for name in names}) == len(names)
    assert all("/" not in Name.of(name).folder and ":" not in Name.of(name).folder for name in names)


# ---- the catalogue -------------------------------------------------------------------------------------


def test_the_catalogue_makes_sense() -> None:
    found = Catalogue.of(Path("/nowhere"))
    assert len(found.entries) >= 20 and found.problems == ()
    assert {role for entry in found.entries.values() for role in entry.roles} == set(ROLES)
    raw = tomllib.loads(OURS.read_text())
    assert set(raw) == set(found.entries)  # none was passed over
    for entry in found.entries.values():
        assert entry.quant in entry.sizes and set(entry.sizes) <= set(FTYPE), entry.name
        assert "{quant}" in entry.files and entry.licence and entry.good_at and entry.context >= 512, entry.name
        for quant, size in entry.sizes.items():
            bits = 8 * size / entry.parameters
            low, high = {"Q4_K_M": (4.3, 6.9), "Q5_K_M": (5.2, 6.5), "Q6_K": (6.2, 7.2), "Q8_0": (8.2, 9.2), "F16": (15.5, 17)}[quant]
            assert low <= bits <= high, (entry.name, quant, bits)  # a slip in size or parameters shows here


def test_names_mean_entries_of_the_catalogue() -> None:
    found = Catalogue.of(Path("/nowhere"))
    assert meant("QWEN3-8B", found).repository == "Qwen/Qwen3-8B-GGUF" and meant("qwen3-8b", found).quant == "Q4_K_M"
    assert meant("qwen3-8b:q8_0", found).quant == "Q8_0"
    by_repository = meant("Qwen/Qwen3-8B-GGUF:Q6_K", found)
    assert (by_repository.name, by_repository.quant) == ("qwen3-8b", "Q6_K")
    for text in ("qwen", ":", ""):
        with pytest.raises((NotFound, UsageError)):
            meant(text, found)


def test_entries_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    own = folder / "catalogue.toml"
    own.write_text(
        '[mine]\nrepository = "me/Mine-GGUF"\nfiles = "m-{quant}.gguf"\nquant = "q8_0"\nsizes = { q8_0 = 1.5 }\nroles = ["chat"]\n'
        '[broken]\nrepository = "x"\n[evil]\nrepository = "../../x"\nfiles = "f"\nquant = "Q8_0"\nsizes = { Q8_0 = 1 }\n'
        '[qwen3-4b]\nrepository = "me/Other"\nfiles = "o.gguf"\nquant = "Q8_0"\nsizes = { Q8_0 = 1 }\n'
    )
    found = Catalogue.of(folder)
    assert found.named("mine").sizes == {"Q8_0": 1_500_000_000} and found.named("qwen3-4b").repository == "me/Other"
    assert len(found.problems) == 2 and all(re.search("broken|evil", problem) for problem in found.problems)
    own.write_text("[")
    assert len(Catalogue.of(folder).problems) == 1 and Catalogue.of(folder).named("qwen3-4b").repository.startswith("unsloth/")
    own.chmod(0o666)
    assert "can be written by others" in Catalogue.of(folder).problems[0]


def test_searching() -> None:
    found = Catalogue.of(Path("/nowhere"))
    assert [entry.name for entry in found.search(["embed", "mit"])] == ["bge-small"]
    assert "gemma3-4b" in [entry.name for entry in found.search(["TRANSLATION"])] and found.search(["zebra"]) == []
