"""Personal data in what shoppers write: found, masked, restored within a conversation."""

from rag_cs.privacy.find import find_personal
from rag_cs.privacy.findings import KINDS, Finding, Kind
from rag_cs.privacy.mask import Mask, Restorer, without_placeholders
from rag_cs.privacy.vault import Vault

__all__ = [
    "KINDS",
    "Finding",
    "Kind",
    "Mask",
    "Restorer",
    "Vault",
    "find_personal",
    "without_placeholders",
]
