"""Painting a shot: where it begins, how it moves, and its frames one after the other."""
