"""Which memory does a network need while it runs? Buffers, each with its size and life, and their places."""
