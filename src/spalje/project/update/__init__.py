"""Bringing newer templates to projects that are there: merges, pull requests, many projects at once."""
