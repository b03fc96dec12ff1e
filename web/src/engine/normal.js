/** Φ, the normal distribution function, with a small relative error in both tails. */

const ROOT_PI = Math.sqrt(Math.PI);

/** erf(x) for 0 ≤ x ≤ 2: 2/√π·e^(-x²)·Σ 2ⁿ·x²ⁿ⁺¹ / (2n+1)!!, whose terms are all positive. */
function erfNear(x) {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / ROOT_PI) * Math.exp(-x * x) * sum;
}

/** erfc(x) for x ≥ 2: e^(-x²)/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))), from the back. */
function erfcFar(x) {
  let tail = x;
  for (let n = 90; n > 0; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / (ROOT_PI * tail);
}

/** Φ(z). */
export function normalProbability(z) {
  const x = Math.abs(z) / Math.SQRT2;
  if (x < 2) return z < 0 ? (1 - erfNear(x)) / 2 : (1 + erfNear(x)) / 2;
  return z < 0 ? erfcFar(x) / 2 : 1 - erfcFar(x) / 2;
}
