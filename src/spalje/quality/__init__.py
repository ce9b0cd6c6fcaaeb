"""How good predictions were, once the truth is known: pure functions of arrays."""
