"""What do we want to know of a cost? One question a module; each answers with a plain `Document`."""
