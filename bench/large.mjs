// One large buffer at a time: 3 MB there and back by `apply`, and 400 MB to one worker. How long it takes, and how long the event loop of
// the caller stands still meanwhile.
//   node bench/large.mjs [--rounds 5] [--only echo,send] [<folder of a build, or piscina, workerpool, fork>, ...]
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { checkEcho, median } from './timing.mjs'

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, only: { type: 'string', default: 'echo,send' } },
  allowPositionals: true
})
const rounds = Number(values.rounds)
const wanted = values.only.split(',')
const root = fileURLToPath(new URL('..', import.meta.url))
const peers = ['piscina', 'workerpool', 'fork']
const TICK_MS = 1

const cases = [
  { key: 'echo', title: '3 MB there and back', task: 'identity', bytes: 3e6, calls: 40, check: checkEcho },
  {
    key: 'send',
    title: '400 MB to one worker',
    task: 'lengthOf',
    bytes: 4e8,
    calls: 1,
    check([sent], [length]) {
      if (sent.length !== length) throw new Error('a part has not arrived')
    }
  }
]

/** @returns {Promise<import('./peers/commands.mjs').Pool>} */
async function open(which) {
  if (peers.includes(which)) return (await import(`./peers/${which}.mjs`)).open(1)
  return (await (await import('./peers/millrace.mjs')).prepare(which)).open(1)
}

/** The longest time between two timers that are due every millisecond. */
function watchLoop() {
  let last = performance.now()
  let longest = 0
  const tick = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  const timer = setInterval(tick, TICK_MS)
  return () => {
    clearInterval(timer)
    tick()
    return longest
  }
}

/** Milliseconds of a call, CPU time of this process, and the longest pause of the event loop. */
async function measure(pool, { task, bytes, calls, check }) {
  const times = []
  const pauses = []
  const cpu = []
  for (let round = -1; round < rounds; round++) {
    for (let call = 0; call < calls; call++) {
      const buffer = new Uint8Array(bytes).fill(1 + (call % 255))
      await new Promise(setImmediate)
      const stop = watchLoop()
      const before = process.cpuUsage()
      const start = performance.now()
      const result = await pool.run(task, buffer)
      const ms = performance.now() - start
      const { user, system } = process.cpuUsage(before)
      const pause = stop()
      check([buffer], [result])
      if (round < 0) continue
      times.push(ms)
      cpu.push((user + system) / 1000)
      pauses.push(pause)
    }
  }
  return { ms: median(times), cpu: median(cpu), pause: median(pauses) }
}

for (const which of positionals.length > 0 ? positionals : [root, ...peers]) {
  const pool = await open(which)
  for (const one of cases) {
    if (!wanted.includes(one.key)) continue
    const { ms, cpu, pause } = await measure(pool, one)
    const [time, used, still] = [ms, cpu, pause].map((value) => value.toFixed(2))
    console.log(
      `${which}: ${one.title}: ${time} ms, ${used} ms of CPU time of the caller, the loop stands still for ${still} ms`
    )
  }
  await pool.close()
}
