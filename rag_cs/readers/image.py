"""A photograph or scan of a notice, through OCR."""

from __future__ import annotations

import io
import warnings

import numpy as np

from rag_cs.errors import TooLarge
from rag_cs.readers.builder import Builder, Draft, Limits
from rag_cs.readers.damage import damage_means
from rag_cs.readers.ocr import add_lines, recognise

_MAX_PIXELS = 60_000_000
# In pixels; text is looked for in no larger a picture.
_MAX_SIDE = 2_000


def read(data: bytes, name: str, limits: Limits) -> Draft:
    """The lines of the picture as headings and paragraphs."""
    from PIL import Image, ImageOps

    with (
        warnings.catch_warnings(),
        damage_means(f"{name} is a damaged picture. Export it again as PNG or JPEG."),
    ):
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is lower
        try:
            picture = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        except Image.DecompressionBombError:
            raise _too_large(name) from None
        if picture.width * picture.height > _MAX_PIXELS:
            raise _too_large(name)
        picture.draft("RGB", (_MAX_SIDE, _MAX_SIDE))
        upright = ImageOps.exif_transpose(picture).convert("RGB")
        upright.thumbnail((_MAX_SIDE, _MAX_SIDE))
    builder = Builder(limits)
    # OCR takes colours in OpenCV's order.
    title = add_lines(builder, recognise(np.asarray(upright)[:, :, ::-1], limits.earn))
    return builder.draft(title)


def _too_large(name: str) -> TooLarge:
    return TooLarge(f"{name} has over {_MAX_PIXELS:,} pixels. Scale it down first.")
