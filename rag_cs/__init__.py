"""Customer-service answers grounded in a store's own documents."""
