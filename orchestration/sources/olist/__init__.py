"""What Olist's files want in Python: a generator of files like them."""
