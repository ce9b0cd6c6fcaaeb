"""A model, packed with its code, and driven in a process of its own: Spaljé never imports it."""
