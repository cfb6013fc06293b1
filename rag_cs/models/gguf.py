"""A GGUF file with the tensor types that OpenVINO GenAI reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

Progress = Callable[[int, int], None]


def requantise(source: Path, target: Path, progress: Progress) -> None:
    """Copy `source` to `target` with its Q5_0 tensors as Q8_0: OpenVINO GenAI reads Q8_0, Q4_0,
    Q4_1, Q4_K and Q6_K. Eight bits hold what five did, so answers stay the same.

    Raises ValueError when `source` is not a GGUF file.
    """
    import gguf

    old, new = gguf.GGMLQuantizationType.Q5_0, gguf.GGMLQuantizationType.Q8_0
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        element = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=element)
    for number, tensor in enumerate(reader.tensors, start=1):
        if tensor.tensor_type == old:
            data = gguf.quantize(gguf.dequantize(tensor.data, old), new)
            writer.add_tensor(tensor.name, data, raw_dtype=new)
        else:
            writer.add_tensor(tensor.name, np.array(tensor.data), raw_dtype=tensor.tensor_type)
        progress(number, len(reader.tensors))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
