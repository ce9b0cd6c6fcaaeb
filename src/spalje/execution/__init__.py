"""Executing runs: started, leased, executed step by step, measured, resumed."""
