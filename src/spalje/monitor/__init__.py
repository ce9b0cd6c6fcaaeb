"""Checks of a batch against a baseline: what was found, what it means, what follows."""
