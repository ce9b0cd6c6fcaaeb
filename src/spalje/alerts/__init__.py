"""Telling people: events that follow from runs and from the clock, once each, grouped, over several channels."""
