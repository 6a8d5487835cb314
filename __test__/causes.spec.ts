import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { PoolError, WorkerDiedError, type WorkerPoolOptions } from '../dist/index.js'
import { Gates } from './helpers/gates.js'
import { watchedPool } from './helpers/pools.js'
import { within } from './helpers/within.js'

type Task = () => unknown

async function failure(t: ExecutionContext, options: WorkerPoolOptions, task: Task): Promise<Error> {
  const { pool } = watchedPool(t, { nJobs: 1, stdio: 'ignore', ...options })
  return within(pool.apply(task).then(() => t.fail('it was fulfilled') as never, (error: unknown) => error as Error), 'it has failed') // prettier-ignore
}

function isDeath(t: ExecutionContext, error: Error, reason: WorkerDiedError['reason'], message: RegExp): void {
  t.true(error instanceof WorkerDiedError, error.stack)
  if (!(error instanceof WorkerDiedError)) return
  t.is(error.reason, reason, error.message)
  t.is(error.phase, 'running')
  t.regex(error.message, message)
}

const MB = 1024 * 1024

/** Ways to use up the heap: where V8 gives up differs, and so does whether it says before that the limit is near. */
const heaps: Readonly<Record<string, Task>> = {
  'small objects': () => {
    const all: unknown[] = []
    for (;;) all.push({ n: all.length, text: `${all.length}` })
  },
  'large arrays': () => {
    const all: unknown[] = []
    for (;;) all.push(Array.from({ length: 100_000 }, () => all.length))
  },
  'strings': () => {
    const all: string[] = []
    for (;;) all.push(JSON.stringify('x'.repeat(100_000 + all.length)))
  },
  'one object that grows': () => {
    const all: Record<string, number> = {}
    for (let n = 0; ; n++) all[`key${n}`] = n
  },
  'a Map that grows': () => {
    const all = new Map<number, object>()
    for (let n = 0; ; n++) all.set(n, { n })
  },
  'promises': async () => {
    const all: unknown[] = []
    for (;;) {
      for (let n = 0; n < 10_000; n++) all.push(Promise.resolve(n).then((x) => [x]))
      await new Promise(setImmediate)
    }
  },
  'many at once in a JSON text': () => JSON.parse(`[${'{"a":[1,2,3]},'.repeat(2_000_000)}1]`)
} // prettier-ignore

for (const [what, task] of Object.entries(heaps)) {
  test.serial(`a full heap is reported with its limit: ${what}`, async (t) => {
    const error = await failure(t, { maxHeap: 48 * MB }, task)
    isDeath(t, error, 'heap', /^worker 0 \(.*\) was killed by SIG\w+ \(JavaScript heap out of memory, limit \d+ MB\) while it ran task 0: \(\)$/) // prettier-ignore
  })
}

for (const [how, options] of Object.entries({
  'by the option of V8': { execArgv: ['--max-old-space-size=40'] },
  'by NODE_OPTIONS': { env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=40' } },
  'where Node watches the limit itself': { execArgv: ['--max-old-space-size=40', '--heapsnapshot-near-heap-limit=1'] } // prettier-ignore
} satisfies Record<string, WorkerPoolOptions>)) {
  test.serial(`a full heap is reported if its limit was set another way: ${how}`, async (t) => {
    // Where Node writes its snapshot. One of large arrays is small.
    const cwd = mkdtempSync(join(tmpdir(), 'millrace-causes-'))
    t.teardown(() => rmSync(cwd, { recursive: true }))
    const task: Task = heaps['large arrays'] ?? (() => undefined)
    isDeath(t, await failure(t, { ...options, cwd }, task), 'heap', /JavaScript heap out of memory/)
  })
}

test.serial('a full heap on a busy machine is reported', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 6, stdio: 'ignore', maxHeap: 48 * MB })
  const task: Task = heaps['large arrays'] ?? (() => undefined)
  const results = await within(
    pool.mapSettled(
      task,
      Array.from({ length: 12 }, () => 0),
      { chunkSize: 1 }
    ),
    'all died'
  )
  for (const result of results) {
    const reason: unknown = result.status === 'rejected' ? result.reason : undefined
    t.true(reason instanceof WorkerDiedError && reason.reason === 'heap', String(reason))
  }
})

const others: readonly (readonly [string, Task, RegExp])[] = [
  ['SIGKILL', () => process.kill(process.pid, 'SIGKILL'), /was killed by SIGKILL while it ran task 0: \(\)$/],
  ['abort()', () => process.abort(), /was killed by SIGABRT while it ran task 0: \(\)$/],
  ['SIGTRAP', () => process.kill(process.pid, 'SIGTRAP'), /was killed by SIGTRAP while it ran task 0: \(\)$/],
  ['the exit code of an abort', () => process.exit(134), /exited with code 134 while it ran task 0: \(\)$/],
  ['an exit', () => process.exit(1), /exited with code 1 while it ran task 0: \(\)$/]
]

for (const [what, task, message] of others) {
  test.serial(`no death is attributed to an unproven cause: ${what}`, async (t) => {
    isDeath(t, await failure(t, {}, task), undefined, message)
  })
}

test.serial('an abort after the heap was nearly full, and free again, is not attributed to the heap', async (t) => {
  const task = (): void => {
    const all: unknown[] = []
    // Young garbage in great amounts beside a heap that is two thirds full.
    for (let n = 0; n < 250; n++) all.push(Array.from({ length: 10_000 }, () => n))
    for (let n = 0; n < 2000; n++) all[n % 250] = Array.from({ length: 10_000 }, () => n)
    all.length = 0
    process.abort()
  }
  isDeath(t, await failure(t, { maxHeap: 32 * MB }, task), undefined, /was killed by SIGABRT while/)
})

const own: readonly (readonly [string, Task, string])[] = [
  [
    'an array that is too long',
    () => {
      const all: unknown[] = []
      all.length = 2 ** 32
    },
    'Invalid array length'
  ],
  ['a string that is too long', () => 'x'.repeat(2 ** 30), 'Invalid string length'],
  ['memory that the system does not give', () => new ArrayBuffer(2 ** 52), 'Array buffer allocation failed'],
  ['a Buffer that is too large', () => Buffer.alloc(2 ** 52), 'out of range'],
  ['a thread of its own without heap', async () => {
    const { Worker } = process.getBuiltinModule('node:worker_threads')
    const source = 'const all = []; for (;;) all.push({ n: all.length })'
    const thread = new Worker(source, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } })
    await new Promise((_, reject) => thread.on('error', reject))
  }, 'memory limit'] // prettier-ignore
]

test.serial("an error about memory that a task throws is the task's error, not a death", async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  for (const [what, task, message] of own) {
    const error = await pool.apply(task).then(() => t.fail(what) as never, (reason: unknown) => reason as Error) // prettier-ignore
    t.true(error.message.includes(message), `${what}: ${error.message}`)
    t.false(error instanceof PoolError, what)
  }
  t.deepEqual(exits, [])
})

const canTry = process.getuid?.() === 0 && existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes')
const kills = (): number => Number(/oom_kill (\d+)/.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1])

/** A control group of version 1 with little memory. */
function smallGroup(t: ExecutionContext, name: string): string {
  const group = `/sys/fs/cgroup/memory/millrace-${process.pid}-${name}`
  mkdirSync(group)
  t.teardown(() => {
    try {
      rmdirSync(group)
    } catch {
      // Something dies there still.
    }
  })
  writeFileSync(`${group}/memory.limit_in_bytes`, '60M')
  return group
}

/** Has the system kill another process for memory; false where it does not. */
function killAnother(t: ExecutionContext, name: string): boolean {
  const before = kills()
  const group = smallGroup(t, name)
  const eater = `"${process.execPath}" -e "const a = []; for (;;) a.push(Buffer.alloc(1e6, 1))"`
  const command = `echo $$ > ${group}/cgroup.procs; exec ${eater}`
  spawnSync('sh', ['-c', command], { timeout: 20_000, killSignal: 'SIGTERM' })
  return kills() > before
}

const maybe = canTry ? test.serial : test.serial.skip

for (const [when, wait] of [
  ['at the same time', 0],
  ['some time before', 3000]
] as const) {
  maybe(`a kill by hand is not put down to the system that killed another process ${when}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    await pool.map((x: number) => x, [1, 2], { chunkSize: 1 })
    if (!killAnother(t, `other-${wait}`)) return t.pass('the system killed nothing')
    await new Promise((resolve) => setTimeout(resolve, wait))
    const gates = new Gates(t)
    const file = gates.path('begun')
    const spin = (n: number): never => {
      process.getBuiltinModule('node:fs').writeFileSync(`${file}-${n}`, '')
      for (;;);
    }
    const dying = pool.mapSettled(spin, [1, 2], { chunkSize: 1 })
    await Promise.all([gates.passed('begun-1'), gates.passed('begun-2')])
    for (const { pid } of pool.workers) process.kill(pid, 'SIGKILL')
    for (const result of await within(dying, 'both died')) {
      const error = (result as PromiseRejectedResult).reason as Error
      isDeath(t, error, undefined, /was killed by SIGKILL while it ran task \d: \d$/)
    }
  })
}

maybe('a worker that the system killed for memory says so', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const before = kills()
  const group = smallGroup(t, 'own')
  const task = (folder: string): void => {
    process.getBuiltinModule('node:fs').writeFileSync(`${folder}/cgroup.procs`, `${process.pid}`)
    const all: Buffer[] = []
    for (;;) all.push(Buffer.alloc(1_000_000, 1))
  }
  const dying = pool.apply(task, [group]).catch((error: unknown) => error as Error)
  const error = (await within(dying, 'the worker died')) as Error
  if (kills() === before) return t.pass('the system killed nothing')
  isDeath(t, error, 'oom', /was killed by SIGKILL, most likely by the out-of-memory killer, while it ran task 0/)
})
