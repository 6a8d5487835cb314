/** Seconds that `work` took, and waiting for what it returns. */
export async function wallSeconds(work) {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

/** The numbers below `count`. */
export function numbers(count) {
  return Array.from({ length: count }, (_, i) => i)
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** How far the values lie apart: half of the distance between the least and the greatest, as a share of their median. */
export function spread(values) {
  const middle = median(values)
  return middle === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / 2 / Math.abs(middle)
}

/** Times single calls one after the other. */
export async function medianLatency(call, count) {
  const latencies = []
  for (let i = 0; i < count; i += 1) {
    const start = performance.now()
    const result = await call(i)
    latencies.push((performance.now() - start) / 1000)
    if (result !== i) throw new Error('a number came back changed')
  }
  return median(latencies)
}

/** Every buffer that comes back must be the one that was sent. */
export function checkEcho(sent, received) {
  const isSame = received.length === sent.length && received.every((value, i) => Buffer.compare(sent[i], value) === 0)
  if (!isSame) throw new Error('a buffer came back changed')
}

/** Every number that comes back must be the one that was sent. */
export function checkNumbers(sent, received) {
  const isSame = received.length === sent.length && received.every((value, i) => value === sent[i])
  if (!isSame) throw new Error('a number came back changed')
}
