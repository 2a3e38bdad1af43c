"""Which memory does a network need while it runs? Buffers with a size and a life, and where they are placed."""
