/**
 * The code that few programs need at once: to send functions by value takes a parser, the inspector and a third of the library, and
 * `nJobs: 0` takes the code of a worker, and insights, traces and a progress bar take some more. The build makes one file of it, which `load-on-demand.ts` loads.
 */
export { InlineBackend } from '../backend/inline/inline-backend.js'
export { noInsights, PoolInsights, printInsights } from '../insights/index.js'
export { openBar } from '../progress-bar/index.js'
export { PoolTrace } from '../trace/index.js'
export { mapStacks, prepareFunction, prepareShared, withLocation } from '../functions/by-value.js'
