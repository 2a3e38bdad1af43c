"""Which picture shows a design as it is built? One module for each style, and `draw`, which answers."""
