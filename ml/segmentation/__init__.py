"""Segmentation: which groups of customers there are, and who is in which."""
