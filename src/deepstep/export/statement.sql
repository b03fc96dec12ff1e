-- {title}
-- Parity certificate: {note}.
-- Needs {functions}, abs, row_number: SQLite 3.35 with its mathematical functions, DuckDB, PostgreSQL 12.
-- NULL is a missing value. Where the model refuses a row (an infinite number, a text that is no number), all
-- outputs are NULL. Columns of the table; SQLite has texts in all where .import creates the table:
{types}
WITH numbered AS MATERIALIZED (
  SELECT row_number() OVER () AS deepstep_row, t.*
  FROM {table} AS t
),
{steps}
SELECT {columns}
FROM numbered JOIN {last} ON {last}.deepstep_row = numbered.deepstep_row
ORDER BY numbered.deepstep_row;
