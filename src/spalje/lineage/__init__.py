"""The record of what was done, and the graph that can be read out of it."""
