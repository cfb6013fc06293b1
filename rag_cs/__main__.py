"""`python -m rag_cs` is the `rag-cs` command."""

from rag_cs.cli import main

main()
