"""The engines behind `rag_cs.generate`: one file each, and what they share."""
