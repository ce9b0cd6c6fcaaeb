"""Which columns say which row it is, what is predicted, and what from: the same as under [problem] in spalje.toml."""

KEYS = ["item", "day"]
TARGET = "sold"
CATEGORICAL = ["kind"]
NUMBERS = ["weekday", "price", "sold_yesterday", "sold_mean_7"]
