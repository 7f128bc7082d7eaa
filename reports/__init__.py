"""The report: Markdown pages with named SQL blocks, built into one folder that opens from disk."""
