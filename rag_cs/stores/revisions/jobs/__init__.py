"""The ledger of uploads, step by step; see `rag_cs.index.migrate`."""
