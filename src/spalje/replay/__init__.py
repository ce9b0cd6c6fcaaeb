"""A project's history lived again under other rules: what would have been found, built, paid and predicted."""
