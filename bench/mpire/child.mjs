// One benchmark by one peer, in a process of its own: node child.mjs KEY PEER WORKERS SIZES. The input is made before the clock starts.
import { benchmarks } from './benchmarks.mjs'

const [key, name, workers, sizes] = process.argv.slice(2)
const { inputOf, digest } = benchmarks[key]
const peer = await import(`./peers/${name}.mjs`)
const input = inputOf(JSON.parse(sizes), peer.allocate)
const start = performance.now()
const results = await peer[key](input, Number(workers))
const seconds = (performance.now() - start) / 1000
console.log(JSON.stringify({ seconds, digest: digest(results, input) }))
process.exit()
