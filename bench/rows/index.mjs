import { efficiencies } from './efficiency.mjs'
import { latency } from './latency.mjs'
import { life } from './life.mjs'
import { streams } from './streams.mjs'
import { throughput } from './throughput.mjs'
import { sizes } from './sizes.mjs'
import { values } from './values.mjs'

/** The table, in its order. @type {readonly import('./row.mjs').Row[]} */
export const rows = [...throughput, ...latency, ...efficiencies, ...sizes, ...values, ...streams, ...life]
