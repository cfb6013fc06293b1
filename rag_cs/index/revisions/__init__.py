"""How a store's database came to hold what it holds, step by step; see `rag_cs.index.migrate`."""
