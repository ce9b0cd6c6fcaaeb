"""Distances between two distributions: pure functions of arrays."""
