"""The API keys, step by step; see `rag_cs.index.migrate`."""
