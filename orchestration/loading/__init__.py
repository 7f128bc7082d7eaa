"""Loads the files that a shop has into schema ``raw``: exactly as they are, all or none."""
