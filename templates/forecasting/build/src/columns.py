"""Which columns say which row it is, what is predicted, and which features are categories; all others are numbers."""

KEYS = ["store_id", "product_category", "day"]
TARGET = "units"
CATEGORICAL = ["product_category"]
