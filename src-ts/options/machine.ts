import { availableCpus as available, cpuCount as count, defaultJobs } from '../binding.js'
import type { Machine } from './index.js'
import { process } from '../primordials.js'

/** Logical CPUs of the system, blind to affinity: CPU ids are below it. */
export function cpuCount(): number {
  return count()
}

/** The CPU ids that this process may use, ascending. */
export function availableCpus(): number[] {
  return available()
}

/** What the options of a pool are checked against, now. */
export function describeMachine(): Machine {
  return {
    cpuCount: count(),
    availableCpus: available(),
    defaultJobs: defaultJobs(),
    canPin: process.platform !== 'darwin'
  }
}
