"""Skeletons of marts, pages and sources, as the tests hold one to them."""
