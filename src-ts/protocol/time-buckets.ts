import { Float64Array, Math, Uint32Array } from '../primordials.js'
import { BUCKETS } from './figures.js'

/**
 * The buckets of a histogram of times. Each doubling of the time has 16 buckets of equal width, so a bucket is at most 6.3 % wide, and its
 * middle at most 3.2 % away from any time in it. The first one begins at 1/16 microsecond. The last one, after 36 doublings, has everything
 * from 69 minutes on.
 */
const BITS = 4
const FIRST_EXPONENT = -4
/** The exponent of a double is stored with this added. */
const BIAS = 1023

const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)

/** The bucket of a time. It is read from the bits of the double: its exponent, and the first bits behind it. */
export function bucketOf(milliseconds: number): number {
  double[0] = milliseconds * 1000
  // Every system that Node runs on stores the lower half first.
  const bucket = ((halves[1] ?? 0) >>> (20 - BITS)) - ((BIAS + FIRST_EXPONENT) << BITS)
  return bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket
}

/** The milliseconds at which a bucket begins. */
export function bucketStart(bucket: number): number {
  const part = 1 + (bucket & ((1 << BITS) - 1)) / (1 << BITS)
  return (Math.pow(2, (bucket >> BITS) + FIRST_EXPONENT) * part) / 1000
}
