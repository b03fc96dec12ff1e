/* Runs a module on columns: outputs and predictions of each row, null for a row that it refuses. */
/* global ROWS, outputs, predict */
const columnsOfRows = JSON.parse(ROWS);
const found = Object.values(columnsOfRows)[0].map((_, at) => {
  const row = Object.fromEntries(Object.entries(columnsOfRows).map(([name, values]) => [name, values[at]]));
  try {
    return [outputs([row])[0], predict([row])[0]];
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
});
const plain = (_, value) => (typeof value === "bigint" ? String(value) : value);
process.stdout.write(JSON.stringify(found, plain));
