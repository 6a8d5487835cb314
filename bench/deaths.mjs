// How long the end of a worker takes: from a kill to the rejection of its task, and of a whole pool of busy loops.
//
//   node bench/deaths.mjs
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WorkerPool } from 'millrace'

const KILLS = 50
const WORKERS = 64

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1]
const directory = mkdtempSync(join(tmpdir(), 'millrace-'))
let loops = 0

/** Notes that it has begun: a task that has not would be sent to another worker when its worker is killed. */
function spin(path) {
  writeFileSync(path, '')
  for (;;);
}

/** Starts a busy loop and waits until it runs; `over` is fulfilled when it is rejected. */
async function startLoop(pool) {
  const path = join(directory, String(loops++))
  const over = pool.apply(spin, [path]).catch((error) => error)
  while (!existsSync(path)) await new Promise((go) => setTimeout(go, 2))
  return { over }
}

const rejected = []
const replaced = []
const pool = new WorkerPool({ nJobs: 1 })
for (let round = 0; round < KILLS; round++) {
  const { over } = await startLoop(pool)
  const from = performance.now()
  process.kill(pool.workers[0].pid, 'SIGKILL')
  await over
  rejected.push(performance.now() - from)
  await pool.apply((x) => x, [1])
  replaced.push(performance.now() - from)
}
await pool.stopAndJoin()

const terminated = []
for (let round = 0; round < 3; round++) {
  const many = new WorkerPool({ nJobs: WORKERS })
  const started = await Promise.all(Array.from({ length: WORKERS }, () => startLoop(many)))
  const from = performance.now()
  await many.terminate()
  terminated.push(performance.now() - from)
  await Promise.all(started.map(({ over }) => over))
}
rmSync(directory, { recursive: true })

const row = (times) => ({ 'median, ms': median(times).toFixed(1), 'most, ms': Math.max(...times).toFixed(1) })
console.table({
  [`a SIGKILL until its task is rejected, of ${KILLS}`]: row(rejected),
  'until a task has run on its replacement': row(replaced),
  [`terminate() of ${WORKERS} busy loops, of ${terminated.length}`]: row(terminated)
})
