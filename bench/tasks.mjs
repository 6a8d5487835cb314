// The tasks that every pool runs. Exported by name for pools that load a module; all of them plain functions.

/** An empty task. */
export function identity(value) {
  return value
}

/** Work of a fixed amount rather than of a fixed time: being interrupted does not make it less. */
export function burn(iterations) {
  let state = iterations
  for (let i = 0; i < iterations; i += 1) state = (Math.imul(state, 1664525) + 1013904223) | 0
  return state
}

/** How many elements arrived. */
export function lengthOf(array) {
  return array.length
}

/** By name, for the workers of peers that are sent names. */
export const byName = { identity, burn }
