"""Trying a template out: rendered with many answers, compiled, tested, and a project lived through."""
