"""What does one network cost? Numbers, shapes, terms, ops, blocks, graph, costs; no files, no printing."""
