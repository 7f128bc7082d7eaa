"""The asset graph, the loader, the published copy and the command line."""
