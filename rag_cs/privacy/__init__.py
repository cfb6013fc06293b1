"""Personal data in what shoppers write: found, masked, restored within a conversation."""

from rag_cs.privacy.find import find_personal
from rag_cs.privacy.findings import KINDS, Finding, Kind

__all__ = ["KINDS", "Finding", "Kind", "find_personal"]
