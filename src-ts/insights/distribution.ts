import { Math } from '../primordials.js'
import { BUCKETS, bucketStart } from '../protocol/index.js'
import type { Distribution } from '../types/index.js'

/**
 * Describes the times of a histogram.
 * @param sum All times together.
 * @param max The longest time, if it is known exactly.
 */
export function describeTimes(counts: ArrayLike<number>, sum: number, max: number | undefined): Distribution {
  const histogram: (readonly [number, number, number])[] = []
  let count = 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const times = counts[bucket] ?? 0
    if (times > 0) histogram.push([bucket === 0 ? 0 : bucketStart(bucket), bucketStart(bucket + 1), times])
    count += times
  }
  const [from = 0, to = 0] = histogram.at(-1) ?? []
  const longest = max ?? (from + to) / 2
  const percentile = (part: number): number => {
    let left = Math.ceil(count * part)
    for (const [start, end, times] of histogram) {
      left -= times
      if (left <= 0) return Math.min((start + end) / 2, longest)
    }
    return 0
  }
  return {
    count,
    mean: count === 0 ? 0 : sum / count,
    p50: percentile(0.5),
    p90: percentile(0.9),
    p99: percentile(0.99),
    p999: percentile(0.999),
    max: longest,
    histogram
  }
}
