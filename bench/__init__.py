"""Every figure we publish, side by side with the peers: one command each, ``make bench NAME=…``."""
