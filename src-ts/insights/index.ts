/** What `enableInsights` adds to a pool. It is loaded with the first pool that has it, or whose insights are asked for. */
export { makeMemory } from './memory.js'
export { noInsights, PoolInsights } from './pool-insights.js'
export { printInsights } from './text.js'
