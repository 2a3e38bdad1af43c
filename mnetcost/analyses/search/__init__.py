"""Which design should it be? The largest that fits, what a step costs, fronts, and spaces of designs."""
