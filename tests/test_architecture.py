"""The import rule of docs/architecture.md, and that importing the package stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "rag_cs"

# Highest first. A module may import from the levels below its own, and within its own group.
LEVELS: list[list[str]] = [
    ["__main__"],
    ["cli", "server"],
    ["proof"],
    ["bootstrap"],
    ["settings"],
    ["compaction"],
    ["training"],
    ["evaluation"],
    ["check_report"],
    ["corrector"],
    ["assistant", "ingest", "check", "isolated"],
    ["write"],
    ["draft"],
    [
        "load", "chunk", "embed", "weights", "smalltalk", "parts", "rewrite", "retrieve", "rerank",
        "faq", "answerable", "prompt", "generate", "ground", "replies", "contradictions", "stores",
    ],
    ["candidates", "crossing"],
    ["extents", "shortening"],
    ["wanted"],
    ["readers", "index", "generators", "models"],
    ["facts", "guard", "policies", "privacy", "statements", "calibration", "corrections"],
    ["dates", "fields"],
    ["text", "stages"],
    ["types", "errors", "hosts"],
]  # fmt: skip
# Pairs of the highest level that may look sideways: the command starts the server.
SIDEWAYS = {("cli", "server")}
# Each heavy library has one owner.
OWNERS = {
    "faiss": {"index"},
    "sqlalchemy": {"index", "stores"},
    "alembic": {"index", "stores"},
    "pypdf": {"readers"},
    "pypdfium2": {"readers"},
    "pdfplumber": {"readers"},
    "fastapi": {"server"},
    "starlette": {"server"},
    "torch": {"embed", "models", "generators", "training"},
    "openvino": {"embed", "models", "generators"},
    "openvino_genai": {"generators"},
    "sentence_transformers": {"embed", "models", "rerank"},
    "transformers": {"embed", "models", "generators", "training"},
    "jieba": {"text"},
    "phonenumbers": {"privacy"},
    "matplotlib": {"evaluation"},
    "typer": {"cli"},
    "uvicorn": {"server"},
    "structlog": {"server"},
    "prometheus_client": {"server"},
    "opentelemetry": {"server"},
    "limits": {"server"},
}


def group_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def level_of(group: str) -> int:
    return next(level for level, groups in enumerate(LEVELS) if group in groups)


def modules() -> list[tuple[str, Path]]:
    return [
        (".".join(["rag_cs", *path.relative_to(PACKAGE).with_suffix("").parts]), path)
        for path in sorted(PACKAGE.rglob("*.py"))
    ]


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda value: str(value)[-40:])
def test_imports_point_down(module: str, path: Path) -> None:
    group = group_of(module)
    if group == "__init__":
        return
    for target in imports(path):
        if not target.startswith("rag_cs"):
            continue
        other = group_of(target)
        if other == group or (group, other) in SIDEWAYS or other == "__init__":
            continue
        assert level_of(group) < level_of(other), f"{module} may not import {target}"


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda value: str(value)[-40:])
def test_heavy_libraries_have_one_owner(module: str, path: Path) -> None:
    for target in imports(path):
        owners = OWNERS.get(target.split(".")[0])
        assert owners is None or group_of(module) in owners, f"{module} may not import {target}"


def test_every_module_is_on_a_level() -> None:
    for module, _ in modules():
        if group_of(module) != "__init__":
            level_of(group_of(module))


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, rag_cs; print([n for n in sys.modules if n.split('.')[0] in sys.argv[1:]])"
    heavy = [*OWNERS, "numpy", "langchain_core"]
    done = subprocess.run(
        [sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_files_stay_readable_in_one_sitting() -> None:
    for module, path in modules():
        assert len(path.read_text("utf-8").splitlines()) <= 330, f"{module} is too long"
