// What a large buffer costs there and back: CPU time and page faults of the caller and of both workers, per buffer.
//   node bench/buffers.mjs [--size 1048576] [--count 48] [--rounds 10] [<folder of a build, or piscina>, ...]
import { randomBytes } from 'node:crypto'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { checkEcho, median } from './timing.mjs'

const WARM_ROUNDS = 3
const { values, positionals } = parseArgs({
  options: {
    size: { type: 'string', default: '1048576' },
    count: { type: 'string', default: '48' },
    rounds: { type: 'string', default: '10' }
  },
  allowPositionals: true
})
const [size, count, rounds] = [values.size, values.count, values.rounds].map(Number)

/** CPU time in microseconds, and page faults, of this process. */
function usage() {
  const { userCPUTime, systemCPUTime, minorPageFault } = process.resourceUsage()
  return [userCPUTime, systemCPUTime, minorPageFault]
}

async function millrace(root) {
  const { WorkerPool, tasks } = await import(pathToFileURL(`${root}/dist/index.js`).href)
  const { identity, usageOf } = tasks(new URL('tasks.mjs', import.meta.url))
  const pool = new WorkerPool({ nJobs: 2 })
  return {
    echo: (buffers) => pool.map(identity, buffers),
    async workers() {
      const found = new Map()
      while (found.size < 2) {
        const answers = await pool.map(usageOf, Array(8).fill(0), { chunkSize: 1 })
        for (const { pid, usage: of } of answers) found.set(pid, of)
      }
      return [...found.values()].reduce((a, b) => a.map((value, at) => value + b[at]))
    },
    close: () => pool.stopAndJoin()
  }
}

/** Its threads are counted as the caller. */
async function piscina() {
  const pool = (await import('./peers/piscina.mjs')).open(2)
  return {
    echo: (buffers) => Promise.all(buffers.map((buffer) => pool.run('identity', buffer))),
    workers: async () => [0, 0, 0],
    close: () => pool.close()
  }
}

/** The medians per buffer. */
async function measure({ echo, workers }) {
  const found = []
  for (let round = -WARM_ROUNDS; round < rounds; round++) {
    const buffers = Array.from({ length: count }, () => randomBytes(size))
    const before = [...(await workers()), ...usage()]
    const start = performance.now()
    const received = await echo(buffers)
    const ms = performance.now() - start
    const after = usage()
    const all = [...(await workers()), ...after]
    checkEcho(buffers, received)
    if (round >= 0) found.push([(1000 * ms) / count, ...all.map((value, at) => (value - before[at]) / count)])
  }
  const at = (column) => Math.round(median(found.map((row) => row[column])))
  const cpu = Math.round(median(found.map((row) => row[1] + row[2] + row[4] + row[5])))
  return { cpu, wall: at(0), caller: [at(4), at(5), at(6)], workers: [at(1), at(2), at(3)] }
}

for (const which of positionals.length > 0 ? positionals : [fileURLToPath(new URL('..', import.meta.url)), 'piscina']) {
  const pool = await (which === 'piscina' ? piscina() : millrace(which))
  const { cpu, wall, caller, workers } = await measure(pool)
  const show = ([user, system, faults]) => `user ${user} us, system ${system} us, ${faults} page faults`
  console.log(`${which}: ${cpu} us of CPU time, ${wall} us of wall time`)
  console.log(`  caller: ${show(caller)}\n  workers: ${show(workers)}`)
  await pool.close()
}
