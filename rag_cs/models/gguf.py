"""A GGUF file with the tensor types that OpenVINO GenAI reads, and an adapter merged into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rag_cs.models.adapter import Change

Progress = Callable[[int, int], None]


def requantise(
    source: Path, target: Path, progress: Progress, changes: Mapping[str, Change] | None = None
) -> None:
    """Copy `source` to `target` with its Q5_0 tensors as Q8_0: OpenVINO GenAI reads Q8_0, Q4_0,
    Q4_1, Q4_K and Q6_K. Eight bits hold what five did, so answers stay the same.

    `changes`, by the names of tensors, are added to these, which become Q8_0 too: four bits would
    round away what was learned. Raises ValueError when `source` is not a GGUF file or lacks a
    tensor that is to be changed.
    """
    import gguf

    old, new = gguf.GGMLQuantizationType.Q5_0, gguf.GGMLQuantizationType.Q8_0
    changes = changes or {}
    reader = gguf.GGUFReader(source)
    if missing := set(changes) - {tensor.name for tensor in reader.tensors}:
        raise ValueError(f"{source.name} has no tensor {min(missing)}")
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        element = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=element)
    for number, tensor in enumerate(reader.tensors, start=1):
        if tensor.tensor_type == old or tensor.name in changes:
            data = gguf.quantize(_values(tensor, changes.get(tensor.name)), new)
            writer.add_tensor(tensor.name, data, raw_dtype=new)
        else:
            writer.add_tensor(tensor.name, np.array(tensor.data), raw_dtype=tensor.tensor_type)
        progress(number, len(reader.tensors))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _values(tensor: Any, change: Change | None) -> np.ndarray:
    import gguf

    values: np.ndarray = gguf.dequantize(tensor.data, tensor.tensor_type)
    return values if change is None else values + change.matrix
