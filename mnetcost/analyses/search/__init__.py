"""Which design should it be? The largest that fits, what a step costs, fronts, and whole spaces of designs."""
