import { MAX_MESSAGE_BYTES } from '../../codec/index.js'

/** The most bytes of a function together with everything that it captures. */
const LARGEST_BYTES = 10 * 1024 * 1024
/** From this size on a captured variable is worth a warning. */
const LARGE_BYTES = 1024 * 1024

let isLimited = true

/** Lets `act` send as much as a message can hold, without a warning: each worker gets it once. */
export function withoutLimit<T>(act: () => T): T {
  isLimited = false
  try {
    return act()
  } finally {
    isLimited = true
  }
}

/** The most bytes that may be sent now. */
export function largestBytes(): number {
  return isLimited ? LARGEST_BYTES : MAX_MESSAGE_BYTES
}

/** From which size on there is a warning now. */
export function largeBytes(): number {
  return isLimited ? LARGE_BYTES : Infinity
}
