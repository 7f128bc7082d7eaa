"""Churn: who comes back within the label window."""
