// The tasks that every pool runs. Exported by name for pools that load a module; all of them plain functions.

/** An empty task. */
export function identity(value) {
  return value
}

/**
 * Work of a fixed amount rather than of a fixed time: being interrupted does not make it less. All its values are 32-bit integers (a
 * xorshift). With sums beyond that, V8 runs the same loop at a fourth of its speed after some hundred calls, in a bare Node 24 too.
 */
export function burn(iterations) {
  let state = iterations | 1
  for (let i = 0; i < iterations; i += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
  }
  return state
}

/** How many elements arrived. */
export function lengthOf(array) {
  return array.length
}

/** By name, for the workers of peers that are sent names. */
export const byName = { identity, burn, lengthOf }

/** Waits, and needs no CPU meanwhile. */
export function rest(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** CPU time in microseconds, and page faults, of the process that runs it. */
export function usageOf() {
  const { userCPUTime, systemCPUTime, minorPageFault } = process.resourceUsage()
  return { pid: process.pid, usage: [userCPUTime, systemCPUTime, minorPageFault] }
}
