import test from 'ava'
import { WorkerPool } from '../dist/index.js'

const same = (x: unknown): unknown => x

/** The message of the refusal of one option, by who is given it. */
const refusals: Readonly<
  Record<'pool' | 'map' | 'imap' | 'apply' | 'join' | 'resize', (options: object) => Promise<string>>
> = {
  pool: (options) => messageOf(() => new WorkerPool(options)),
  map: (options) => messageOf((pool) => pool.map(same, [1], options)),
  imap: (options) => messageOf((pool) => pool.imap(same, [1], options)),
  apply: (options) => messageOf((pool) => pool.apply(same, [1], options)),
  join: (options) => messageOf((pool) => pool.stopAndJoin(options)),
  resize: (options) => messageOf((pool) => pool.resize(2, options))
}

async function messageOf(call: (pool: WorkerPool) => unknown): Promise<string> {
  try {
    await call(new WorkerPool({ nJobs: 1 }))
  } catch (error) {
    if (error instanceof TypeError && Reflect.get(error, 'code') === 'ERR_POOL_INVALID_OPTION') return error.message
    throw error
  }
  throw new Error('was accepted')
}

const suggestions = [
  ['pool', 'njobs', 'nJobs'],
  ['pool', 'n_jobs', 'nJobs'],
  ['pool', 'nJob', 'nJobs'],
  ['pool', 'jobs', 'nJobs'],
  ['pool', 'cpu_ids', 'cpuIds'],
  ['pool', 'cpuids', 'cpuIds'],
  ['pool', 'maxThreads', 'nJobs'],
  ['pool', 'concurrency', 'nJobs'],
  ['pool', 'deamon', 'daemon'],
  ['pool', 'enable_insights', 'enableInsights'],
  ['pool', 'execargs', 'execArgv'],
  ['pool', 'workerStartTimout', 'workerStartTimeout'],
  ['map', 'chunksize', 'chunkSize'],
  ['map', 'chunk_size', 'chunkSize'],
  ['map', 'chunkSise', 'chunkSize'],
  ['map', 'hcunkSize', 'chunkSize'],
  ['map', 'n_splits', 'nSplits'],
  ['map', 'iterable_len', 'iterableLength'],
  ['map', 'iterableLen', 'iterableLength'],
  ['map', 'max_tasks_active', 'maxTasksActive'],
  ['map', 'max_active_tasks', 'maxTasksActive'],
  ['map', 'worker_lifespan', 'workerLifespan'],
  ['map', 'order_tasks', 'orderTasks'],
  ['map', 'concatenate_numpy_output', 'concatenate'],
  ['map', 'slice', 'slices'],
  ['imap', 'task_timeout', 'taskTimeout'],
  ['imap', 'timeout', 'taskTimeout'],
  ['apply', 'abortSignal', 'signal'],
  ['apply', 'passcontext', 'passContext'],
  ['apply', 'retry', 'retries'],
  ['join', 'timeOut', 'timeout'],
  ['resize', 'cpu_ids', 'cpuIds']
] as const

for (const [who, option, meant] of suggestions) {
  test(`${who}: '${option}' suggests '${meant}', before the names of all options`, async (t) => {
    const message = await refusals[who]({ [option]: 5 })
    const start = `unknown option '${option}' (got 5); did you mean '${meant}'? The options are `
    t.true(message.startsWith(start), message)
    t.true(message.slice(start.length).split(', ').includes(meant), message)
  })
}

const elsewhere = [
  ['map', 'nJobs', "'nJobs' is an option of the pool, not of a call"],
  ['imap', 'stdio', "'stdio' is an option of the pool, not of a call"],
  ['apply', 'nJobs', "'nJobs' is an option of the pool, not of a call"],
  ['apply', 'chunkSize', "'chunkSize' is an option of the pool and of a map, not of apply"],
  ['apply', 'slices', "'slices' is an option of a map, not of apply"],
  ['apply', 'concatenate', "'concatenate' is an option of a map, not of apply"],
  ['pool', 'slices', "'slices' is an option of a map, not of the pool"],
  ['apply', 'batch', "'batch' is an option of the pool and of a map, not of apply"],
  ['pool', 'context', "'context' is an option of a call, not of the pool"],
  ['join', 'signal', "'signal' is an option of the pool and of a call, not of stopAndJoin"],
  ['map', 'n_jobs', "did you mean 'nJobs'? It is an option of the pool, not of a call"],
  ['map', 'workers', "did you mean 'nJobs'? It is an option of the pool, not of a call"],
  ['apply', 'chunk_size', "did you mean 'chunkSize'? It is an option of the pool and of a map, not of apply"]
] as const

for (const [who, option, hint] of elsewhere) {
  test(`${who}: '${option}' says who takes it`, async (t) => {
    const message = await refusals[who]({ [option]: 5 })
    t.true(message.startsWith(`unknown option '${option}' (got 5); ${hint}. The options are `), message)
  })
}

const notNeeded = [
  ['pool', 'start_method', /a worker is always a new process/],
  ['pool', 'startMethod', /a worker is always a new process/],
  ['pool', 'use_dill', /a function travels with the variables that it uses/],
  ['pool', 'pass_worker_id', /passContext: true .* workerId/],
  ['pool', 'useWorkerState', /passContext: true .* state/],
  ['apply', 'callback', /apply returns a promise/],
  ['apply', 'error_callback', /apply returns a promise/],
  ['apply', 'kwargs', /no named arguments/]
] as const

for (const [who, option, reason] of notNeeded) {
  test(`${who}: '${option}' of MPIRE says why it is not needed`, async (t) => {
    const message = await refusals[who]({ [option]: 5 })
    t.true(message.startsWith(`unknown option '${option}' (got 5); `), message)
    t.regex(message, reason)
    t.regex(message, /\. The options are \w+, /)
  })
}

/** Options that a later version brings, and names that mean nothing. */
const unknown = ['constructor', 'toString', '__proto__', 'x', '', '_', 'chunkSize'.repeat(1_000)]

for (const who of ['pool', 'map', 'imap', 'apply', 'join'] as const) {
  test(`${who}: an option that is like no other gets no suggestion`, async (t) => {
    for (const option of unknown) {
      const message = await refusals[who](Object.defineProperty({}, option, { value: 5, enumerable: true }))
      t.true(message.startsWith(`unknown option '${option}' (got 5); the options are `), message)
    }
    t.regex(
      await refusals[who]({ [Symbol('njobs')]: 5 }),
      /^unknown option 'Symbol\(njobs\)' \(got 5\); the options are /
    )
  })
}
