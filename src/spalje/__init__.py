"""Spaljé: a self-hosted blueprint for batch machine learning on tabular data."""

__version__ = "0.1.0"
