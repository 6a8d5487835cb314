/**
 * Makes the attempt with one limit after the other until `isEnough` says that the limit was long enough for what has to come before what
 * is late. A busy machine needs a long limit, and no other one has to wait for it. Returns what the last attempt gave.
 */
export async function longEnough<T>(
  limits: readonly [number, ...number[]],
  attempt: (limit: number) => Promise<T>,
  isEnough: (outcome: T) => boolean
): Promise<T> {
  const [first, ...others] = limits
  let outcome = await attempt(first)
  for (const limit of others) {
    if (isEnough(outcome)) break
    outcome = await attempt(limit)
  }
  return outcome
}
