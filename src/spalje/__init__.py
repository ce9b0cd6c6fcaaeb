"""Spaljé."""
