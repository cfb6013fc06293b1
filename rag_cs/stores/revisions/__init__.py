"""How the databases beside the stores came to hold what they hold; see `rag_cs.index.migrate`."""
