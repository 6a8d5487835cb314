import { availableCpus as available, cpuCount as count, defaultJobs } from '../binding.js'
import type { Machine } from './index.js'
import { process } from '../primordials.js'

/** The number of logical CPUs of the system, regardless of affinity. Each CPU id is below it. */
export function cpuCount(): number {
  return count()
}

/** The CPU ids that this process may use, in ascending order. */
export function availableCpus(): number[] {
  return available()
}

/** The current limits of this machine, which options of a pool are checked against. */
export function describeMachine(): Machine {
  return {
    cpuCount: count(),
    availableCpus: available(),
    defaultJobs: defaultJobs(),
    canPin: process.platform !== 'darwin'
  }
}
