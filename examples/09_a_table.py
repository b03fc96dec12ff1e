"""Make the table of `make demo-table`: customers with texts, dates and missing values, as CSV.

The numbers are drawn. Whether somebody buys depends on age, the days since the last visit, and the town.
"""

import sys

import numpy as np
import polars

rng = np.random.default_rng(1)
m = 1500
age = rng.integers(18, 85, m)
away = rng.exponential(40, m).round()
town = rng.choice(["Basel", "Bern", "Genf", "Zürich"], m)
interest = 1.5 - (away / 25) ** 1.2 + 1.2 * np.sin(age / 12) + 0.8 * (town == "Bern")
bought = rng.random(m) < 1 / (1 + np.exp(-1.5 * interest))

table = polars.DataFrame(
    {
        "customer": [f"C{number:05}" for number in range(m)],
        "age": np.where(rng.random(m) < 0.1, np.nan, age),
        "last_visit": np.datetime64("2026-06-30") - away.astype("timedelta64[D]"),
        "town": town,
        "spent": rng.lognormal(4, 1, m).round(2),
        "newsletter": rng.choice(["yes", "no"], m),
        "bought": np.where(bought, "yes", "no"),
    }
).with_columns(polars.col("age").fill_nan(None))
sys.stdout.write(table.write_csv())
