"""A photograph or scan of a notice, through OCR."""

from __future__ import annotations

import io

import numpy as np

from rag_cs.errors import TooLarge, UnreadableDocument
from rag_cs.readers.builder import Builder, Draft, Limits
from rag_cs.readers.ocr import add_lines, recognise

_MAX_PIXELS = 60_000_000


def read(data: bytes, name: str, limits: Limits) -> Draft:  # noqa: ARG001 - one signature for all
    """The lines of the picture as headings and paragraphs."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise TooLarge(f"{name} has over {_MAX_PIXELS:,} pixels. Scale it down first.")
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise UnreadableDocument(
            f"{name} is a damaged picture. Export it again as PNG or JPEG."
        ) from error
    builder = Builder()
    # OCR takes colours in OpenCV's order.
    title = add_lines(builder, recognise(np.asarray(upright)[:, :, ::-1]))
    return builder.draft(title)
