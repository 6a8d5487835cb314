import { hrtime, Math, monotonicMs } from '../primordials.js'

/** Somebody else may have the CPU between the readings of both clocks, so the closest of some readings counts. */
const READINGS = 8

/**
 * The clock that the processes of a machine have in common.
 * @returns its time, in milliseconds, at the origin of the clock of this process
 */
export function clockOrigin(): number {
  let origin = -Infinity
  for (let reading = 0; reading < READINGS; reading++) {
    const [seconds, nanoseconds] = hrtime()
    origin = Math.max(origin, seconds * 1000 + nanoseconds / 1e6 - monotonicMs())
  }
  return origin
}
