import { getEventListeners } from 'node:events'

import test from 'ava'

import { RawPool } from '../index.js'
import { watchedPool } from './helpers/pools.js'
import { within } from './helpers/within.js'

const double = (x: number): number => x * 2
const forever = (): Promise<never> => new Promise<never>(() => undefined)
const WAITING = 40_000

const reasonOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'fulfilled',
    (error: unknown) => error
  )

test.serial(
  'a hundred thousand calls share a signal that has one listener; they fail in one go, in order',
  async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const controller = new AbortController()
    const { signal } = controller
    const blocked = reasonOf(pool.apply(forever))
    const order: number[] = []
    const ends = Array.from({ length: 100_000 }, (_, i) =>
      pool.apply(double, [i], { signal }).catch((error: unknown) => {
        order.push(i)
        return error
      })
    )
    t.is(getEventListeners(signal, 'abort').length, 1)
    controller.abort()
    t.is(getEventListeners(signal, 'abort').length, 0)
    const reasons = await within(Promise.all(ends), 'the calls do not end')
    t.is(reasons[0], signal.reason)
    t.is(new Set(reasons).size, 1)
    t.deepEqual(order.slice(0, 3), [0, 1, 2])
    t.is(pool.stats.cancelled, 100_000)
    t.is(pool.stats.queued, 0)
    await pool.terminate()
    t.is(((await blocked) as Error).name, 'PoolTerminatedError')
  }
)

test.serial(
  'terminate rejects all waiting calls with one error that has its line, and cancels none by itself',
  async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const { cancel } = RawPool.prototype
    let cancels = 0
    RawPool.prototype.cancel = function (this: RawPool, ...args) {
      cancels++
      cancel.apply(this, args)
    }
    t.teardown(() => {
      RawPool.prototype.cancel = cancel
    })
    const ends = Array.from({ length: WAITING }, (_, i) => {
      const call = i % 4 === 0 ? pool.map(forever, [1, 2, 3]) : pool.apply(forever)
      return call.then(
        () => 'fulfilled',
        (error: unknown) => error
      )
    })
    const end = (function terminateHere() {
      return pool.terminate()
    })()
    const reasons = await within(Promise.all(ends), 'the calls do not end')
    await end
    t.is(cancels, 0)
    t.is(new Set(reasons).size, 1)
    const [reason] = reasons as Error[]
    t.is(reason?.name, 'PoolTerminatedError')
    t.regex(reason?.stack?.split('\n')[1] ?? '', /terminateHere .*many-waiting\.spec\.ts/)
    const { submitted, cancelled } = pool.stats
    t.is(cancelled, submitted)
  }
)

test.serial('after its timeout stopAndJoin rejects all open work with one error that has its line', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const ends = Array.from({ length: WAITING }, () =>
    pool.apply(forever).then(
      () => 'fulfilled',
      (error: unknown) => error
    )
  )
  await (function joinHere() {
    return pool.stopAndJoin({ timeout: 1 })
  })()
  const reasons = (await within(Promise.all(ends), 'the calls do not end')) as Error[]
  t.is(new Set(reasons).size, 1)
  t.is(reasons[0]?.name, 'PoolTerminatedError')
  t.regex(reasons[0]?.stack?.split('\n')[1] ?? '', /joinHere .*many-waiting\.spec\.ts/)
})

test.serial('calls that are aborted one by one leave the queue one by one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const gone = pool.apply(forever).catch(() => 'gone')
  const controllers = Array.from({ length: WAITING }, () => new AbortController())
  const ends = controllers.map(({ signal }, i) =>
    reasonOf(i % 2 === 0 ? pool.apply(double, [i], { signal }) : pool.map(double, [i], { signal }))
  )
  for (const controller of controllers.toReversed()) controller.abort()
  const reasons = await within(Promise.all(ends), 'the calls do not end')
  t.deepEqual(
    reasons,
    controllers.map(({ signal }) => signal.reason as unknown)
  )
  t.is(pool.stats.cancelled, WAITING)
  await pool.terminate()
  t.is(await gone, 'gone')
})
