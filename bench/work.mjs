// Work for which no single chunk size is right, and the sizes that a search tries.

/** Fixed sizes of chunks. */
export const SIZES = [1, 4, 16, 64, 256, 1024, 4096]

/**
 * The items of each work, for `burn`: iterations of the busy loop, of which `rate` take a second. `scale` shortens the long ones.
 * @type {Record<string, (rate: number, scale: number) => number[]>}
 */
export const work = {
  /** 20,000 fast items, then eight of 200 ms. */
  tail: (rate, scale) => [
    ...Array(20_000).fill(Math.round(rate * 1e-6)),
    ...Array(8).fill(Math.round(rate * 0.2 * scale))
  ],
  /** One item in a thousand takes long. */
  rare: (rate, scale) =>
    Array.from({ length: 4000 }, (_, i) => Math.round(rate * (i % 1000 === 500 ? 0.2 * scale : 1e-6))),
  /** Each item takes longer than the one before, 0.4 ms on average. */
  growing: (rate, scale) => Array.from({ length: 2000 }, (_, i) => Math.round(rate * i * 4e-7 * scale)),
  /** Nothing to do. */
  tiny: (_rate, scale) => Array(Math.round(1e6 * scale)).fill(0),
  /** Few items, each of which takes 300 ms. */
  huge: (rate, scale) => Array(8).fill(Math.round(rate * 0.3 * scale))
}
