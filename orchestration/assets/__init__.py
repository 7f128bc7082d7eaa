"""The assets: what a build makes, in the order of the graph."""
