"""How much each feature moved each prediction, against a background of typical rows.

Pure mathematics: tables and arrays in, frozen values out. A model is whatever maps tables to
predictions, so any model can be explained.
"""
