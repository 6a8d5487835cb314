import { inspect } from 'node:util'
import test from 'ava'

import { WorkerPool } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'

const methods = ['map', 'mapUnordered', 'mapSettled', 'imap', 'imapUnordered', 'apply', 'wrap'] as const
const double = (x: number): number => x * 2

test('the methods are on the prototype of the class, and not on each pool', (t) => {
  t.deepEqual(Object.getOwnPropertyNames(new WorkerPool()), [])
  for (const method of methods) t.is(typeof WorkerPool.prototype[method], 'function', method)
})

test.serial('a spy on the prototype sees the calls of each pool', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const descriptor = Object.getOwnPropertyDescriptor(WorkerPool.prototype, 'map')
  const { map } = WorkerPool.prototype
  const seen: unknown[] = []
  const spy = function (this: unknown, ...args: unknown[]): unknown {
    seen.push(args[1])
    return Reflect.apply(map, this, args)
  }
  Object.defineProperty(WorkerPool.prototype, 'map', { ...descriptor, value: spy })
  try {
    t.deepEqual(await pool.map(double, [1, 2]), [2, 4])
    const error = await t.throwsAsync(pool.map(double, [1], { chunkSize: 0 }), { instanceOf: RangeError })
    t.regex(error.stack ?? '', /^.*\n\s+at .*pool-class\.spec\.ts/)
  } finally {
    Object.defineProperty(WorkerPool.prototype, 'map', descriptor ?? {})
  }
  t.deepEqual(seen, [[1, 2], [1]])
})

test('a subclass can override a method', async (t) => {
  class Logging extends WorkerPool {
    readonly log: string[] = []

    override apply(...args: readonly unknown[]): Promise<never> {
      this.log.push('apply')
      return Reflect.apply(super.apply, this, args) as Promise<never>
    }

    // The frame of this method has left the stack when it calls the pool's.
    override mapSettled(...args: readonly unknown[]): Promise<never> {
      return Promise.resolve().then(() => Reflect.apply(super.mapSettled, this, args) as Promise<never>)
    }
  }
  const pool = new Logging({ nJobs: 1, execArgv: [] })
  t.teardown(() => pool.terminate())
  t.is<number, number>(await pool.apply(double, [3]), 6)
  t.deepEqual(pool.log, ['apply'])
  const error = await t.throwsAsync(pool.mapSettled(double, [1], { chunkSize: 0 }))
  t.regex(error.stack ?? '', /^.*\n\s+at .*pool-class\.spec\.ts/)
})

for (const method of methods) {
  test(`${method} that was taken off its pool says how to call it`, (t) => {
    const { [method]: taken } = new WorkerPool({ nJobs: 1 })
    const call = (): unknown => Reflect.apply(taken, undefined, [double, [1]])
    t.throws(call, {
      instanceOf: TypeError,
      code: 'ERR_POOL_INVALID_OPTION',
      message: `this must be a WorkerPool: call it as pool.${method}(...), got undefined`
    })
  })
}

test('once calls its listener once, and off removes one', async (t) => {
  const { pool, exits } = watchedPool(t, { nJobs: 1 })
  const heard: string[] = []
  const removed = (): number => heard.push('removed')
  t.is(
    pool.once('workerStart', ({ id }) => heard.push(`once ${id}`)),
    pool
  )
  pool.on('workerStart', removed)
  t.is(pool.off('workerStart', removed), pool)
  pool.on('workerStart', ({ id }) => heard.push(`on ${id}`))
  pool.off('workerStart', () => undefined)
  await pool.apply(double, [1])
  await pool.recycle()
  await pool.apply(double, [1])
  await pool.stopAndJoin()
  t.deepEqual(heard, ['once 0', 'on 0', 'on 0'])
  t.is(exits.length, 2)
})

for (const method of ['on', 'once', 'off'] as const) {
  test(`${method} refuses an unknown event and a listener that is not a function`, (t) => {
    const pool = new WorkerPool()
    const listen =
      (...args: unknown[]) =>
      (): unknown =>
        Reflect.apply(pool[method], pool, args)
    const code = 'ERR_POOL_INVALID_OPTION'
    t.throws(listen('exit', double), { instanceOf: RangeError, code, message: /'exit'/ })
    t.throws(listen(1, double), { instanceOf: TypeError, code })
    t.throws(listen('close'), { instanceOf: TypeError, code, message: /listener must be a function/ })
  })
}

test('inspecting a pool shows its size, state, counts and workers', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  t.regex(inspect(pool), /^WorkerPool \{\s+nJobs: 2,\s+state: 'open',[^]*workers: \[\]\s+\}$/)
  await pool.apply(double, [1])
  t.regex(inspect(pool), /submitted: 1,\s+completed: 1,/)
  t.true(inspect(pool, { depth: 3 }).includes(`pid: ${pool.workers[0]?.pid}`))
  t.is(inspect([[[pool]]], { depth: 2 }), '[ [ [ [WorkerPool] ] ] ]')
  const ended = pool.stopAndJoin()
  t.regex(inspect(pool), /state: 'closing'/)
  await ended
  t.regex(inspect(pool), /state: 'closed'/)
  class Own extends WorkerPool {}
  t.regex(inspect(new Own({ nJobs: 1 })), /^Own \{/)
})
