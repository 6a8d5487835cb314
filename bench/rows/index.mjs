import { buffers } from './buffers.mjs'
import { efficiencies } from './efficiency.mjs'
import { latency } from './latency.mjs'
import { throughput } from './throughput.mjs'

/** The table, in its order. @type {readonly import('./row.mjs').Row[]} */
export const rows = [...throughput, ...latency, ...efficiencies, ...buffers]
