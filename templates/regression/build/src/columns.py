"""Which columns say which row it is, what is predicted, and which features are categories; all others are numbers."""

KEYS = ["household_id", "week"]
TARGET = "spend"
CATEGORICAL = ["age", "income", "household_size"]
