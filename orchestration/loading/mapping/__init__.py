"""The mapping of a shop's own files: ``shop.yml``, and the few fixed tables that it leads to."""
