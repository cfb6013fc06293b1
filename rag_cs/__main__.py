"""`python -m rag_cs` is the `rag-cs` command."""

from rag_cs.cli import main

if __name__ == "__main__":  # a process that reads a file imports this too
    main()
