// One cost at one size, in a process of its own, so that its peak of memory is its own: node child.mjs KEY SIZE
import { costs } from './costs.mjs'
import { wallSeconds } from '../timing.mjs'

const [key, size] = process.argv.slice(2)
const { prepare, run, end } = costs.find((cost) => cost.key === key)
const prepared = await prepare?.(Number(size))
const seconds = await wallSeconds(() => run(Number(size), prepared))
await end?.(prepared)
console.log(JSON.stringify({ seconds, peakMebibytes: process.resourceUsage().maxRSS / 1024 }))
