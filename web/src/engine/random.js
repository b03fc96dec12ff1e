/**
 * The page's own random numbers, documented so that Python can draw the same (see web/README.md).
 *
 * State is one unsigned 32-bit word. A draw adds 0x9E3779B9 to it and mixes the sum:
 *   z ^= z >>> 16;  z *= 0x21F0AAAD;  z ^= z >>> 15;  z *= 0x735A2D97;  z ^= z >>> 15   (mod 2³²)
 * A uniform number is the draw divided by 2³². A stream for (seed, a, b) begins with the state that is left
 * after mixing seed, then adding and mixing a, then b.
 */

function mix(z) {
  z ^= z >>> 16;
  z = Math.imul(z, 0x21f0aaad);
  z ^= z >>> 15;
  z = Math.imul(z, 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/** A stream of uniform numbers from 0 to below 1: a function without arguments. */
export function stream(seed, ...counters) {
  let state = counters.reduce((now, counter) => mix((now + counter) | 0), mix(seed | 0));
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return mix(state) / 2 ** 32;
  };
}

/** One normal number of a stream (Box and Muller; the second one is thrown away). */
export function normal(uniform) {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
  return radius * Math.cos(2 * Math.PI * uniform());
}

/** The numbers 0 … m - 1 in a random order (Fisher and Yates, from the last place down). */
export function permutation(uniform, m) {
  const order = Array.from({ length: m }, (_, i) => i);
  for (let i = m - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
