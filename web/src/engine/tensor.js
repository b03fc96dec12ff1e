/**
 * Matrices of float64, rows after rows (C order), as NumPy keeps them.
 *
 * @typedef {{rows: number, cols: number, data: Float64Array}} Tensor
 */

/** @returns {Tensor} */
export const zeros = (rows, cols) => ({ rows, cols, data: new Float64Array(rows * cols) });

/** @returns {Tensor} */
export const tensor = (rows, cols, values) => ({ rows, cols, data: Float64Array.from(values) });

/** @returns {Tensor} of nested rows */
export const fromRows = (rows) => tensor(rows.length, rows[0].length, rows.flat());

/** @returns {Tensor} */
export const copy = (A) => ({ rows: A.rows, cols: A.cols, data: A.data.slice() });

export const at = (A, row, col) => A.data[row * A.cols + col];

/** f(a) of each entry. @returns {Tensor} */
export function map(A, f) {
  const result = zeros(A.rows, A.cols);
  for (let i = 0; i < A.data.length; i++) result.data[i] = f(A.data[i]);
  return result;
}

/** f(a, b) of the entries of two matrices of one shape. @returns {Tensor} */
export function zip(A, B, f) {
  const result = zeros(A.rows, A.cols);
  for (let i = 0; i < A.data.length; i++) result.data[i] = f(A.data[i], B.data[i]);
  return result;
}

/** A·B. @returns {Tensor} */
export function multiply(A, B) {
  const [n, inner, m] = [A.rows, A.cols, B.cols];
  const result = zeros(n, m);
  for (let i = 0; i < n; i++) {
    const row = result.data.subarray(i * m, (i + 1) * m);
    for (let k = 0; k < inner; k++) {
      const a = A.data[i * inner + k];
      const from = k * m;
      for (let j = 0; j < m; j++) row[j] += a * B.data[from + j];
    }
  }
  return result;
}

/** A·Bᵀ. @returns {Tensor} */
export function multiplyByTransposed(A, B) {
  const [n, inner, m] = [A.rows, A.cols, B.rows];
  const result = zeros(n, m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += A.data[i * inner + k] * B.data[j * inner + k];
      result.data[i * m + j] = sum;
    }
  }
  return result;
}

/** Aᵀ·B. @returns {Tensor} */
export function transposedMultiply(A, B) {
  const [inner, n, m] = [A.rows, A.cols, B.cols];
  const result = zeros(n, m);
  for (let k = 0; k < inner; k++) {
    for (let i = 0; i < n; i++) {
      const a = A.data[k * n + i];
      for (let j = 0; j < m; j++) result.data[i * m + j] += a * B.data[k * m + j];
    }
  }
  return result;
}

/** A + b, a column that is added to every column. @returns {Tensor} */
export function addColumn(A, b) {
  const result = zeros(A.rows, A.cols);
  for (let i = 0, p = 0; i < A.rows; i++) for (let j = 0; j < A.cols; j++, p++) result.data[p] = A.data[p] + b.data[i];
  return result;
}

/** A ∘ sᵀ: each column times its factor. @returns {Tensor} */
export function scaleColumns(A, s) {
  const result = zeros(A.rows, A.cols);
  for (let p = 0; p < A.data.length; p++) result.data[p] = A.data[p] * s.data[p % A.cols];
  return result;
}

/** Σ along each row, a column. @returns {Tensor} */
export function sumOfRows(A) {
  const result = zeros(A.rows, 1);
  for (let i = 0, p = 0; i < A.rows; i++) for (let j = 0; j < A.cols; j++, p++) result.data[i] += A.data[p];
  return result;
}

/** The columns of these numbers, in this order. @returns {Tensor} */
export function columns(A, numbers) {
  const result = zeros(A.rows, numbers.length);
  for (let i = 0; i < A.rows; i++)
    for (let j = 0; j < numbers.length; j++) result.data[i * numbers.length + j] = A.data[i * A.cols + numbers[j]];
  return result;
}

/** A with one column more. @returns {Tensor} */
export function withColumn(A, column) {
  const result = zeros(A.rows, A.cols + 1);
  for (let i = 0; i < A.rows; i++) {
    result.data.set(A.data.subarray(i * A.cols, (i + 1) * A.cols), i * result.cols);
    result.data[(i + 1) * result.cols - 1] = column[i];
  }
  return result;
}
