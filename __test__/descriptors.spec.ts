import { closeSync, readdirSync, readlinkSync } from 'node:fs'
import test from 'ava'

import { WorkerDiedError } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { descriptors, gone } from './helpers/processes.js'
import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

// Each of these runs in a process of its own: a descriptor of the pool is closed there while…
const phases = ['idle', 'dying', 'late', 'busy', 'writing', 'aborted', 'starting', 'joining', 'terminating']
/** Below it the system gives numbers to everybody. */
const LOWEST = 1024

interface Line {
  /** The pool had closed it before. */
  readonly isMissed: boolean
  readonly what: string
  /** How what was open has ended, or that it has not. */
  readonly outcomes: readonly string[] | 'is open'
  readonly end: string
  readonly failures: readonly string[]
  readonly closed: boolean
  /** CPU time within a fifth of a second in which nothing is to be done. */
  readonly busyMs: number
  readonly isAlive: readonly number[]
}

/** A worker that lacks a descriptor when it is taken over is none. */
const NO_START = 'ERR_POOL_WORKER_START: workers cannot start: other code of this process has closed a descriptor of'
const ALLOWED = /^fulfilled$|^ERR_POOL_(TERMINATED|CLOSED|WORKER_DIED|TASK_TIMEOUT): |^23: The operation was aborted/

for (const phase of phases) {
  for (const stdio of phase === 'writing' || phase === 'dying' ? ['pipe'] : ['ignore']) {
    test.serial(
      `a descriptor of the pool that is closed behind its back leaves nothing open: ${phase}, ${stdio}`,
      async (t) => {
        const { code, lines, stderr } = await run(t, 'closed-descriptors.mjs', [phase, stdio]).end
        t.deepEqual([code, stderr], [0, ''])
        const last = JSON.parse(lines.at(-1) ?? '{}') as { readonly left?: readonly unknown[] }
        t.deepEqual(last.left, [], 'every descriptor is given back')
        const closings = lines.slice(0, -1).map((line) => JSON.parse(line) as Line)
        t.true(closings.filter(({ isMissed }) => !isMissed).length > 12)
        for (const line of closings) {
          const text = JSON.stringify(line)
          const isAllowed = (outcome: string): boolean =>
            ALLOWED.test(outcome) || (phase === 'starting' && outcome.startsWith(NO_START))
          t.true(line.outcomes !== 'is open' && line.outcomes.every(isAllowed), text)
          t.deepEqual([line.end, line.closed, line.isAlive], ['fulfilled', true, []], text)
          t.true(line.failures.length <= 1 && line.failures.every((failure) => failure === 'ERR_POOL_TERMINATED'), text)
          t.true(line.busyMs < 100, `a thread spins: ${text}`)
        }
      }
    )
  }
}

test('a pool and its workers use no low descriptors if the limit allows it', async (t) => {
  const before = new Set(descriptors(process.pid, readlinkSync).keys())
  const { pool } = watchedPool(t, { nJobs: 1, stdio: 'pipe' })
  const inWorker = await pool.apply(() =>
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [[Number(fd), readlinkSync(`/proc/self/fd/${fd}`)] as const]
      } catch {
        return []
      }
    })
  )
  // Beside those of Node's event loop, a worker has three bells, the control socket and its parent's pidfd.
  t.is(inWorker.filter(([fd]) => fd >= LOWEST).length, 5)
  t.false(inWorker.some(([fd, what]) => fd < LOWEST && /socket|pidfd|memfd/.test(what)))
  const ours = [...descriptors(process.pid, readlinkSync)].filter(([fd]) => !before.has(fd))
  t.true(ours.filter(([fd]) => fd >= LOWEST).length >= 8)
})

test('a task that closes any descriptor of its worker fails alone, and the pool goes on', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const count = (): number => readdirSync('/proc/self/fd').length
  const total = await pool.apply(count)
  for (let place = 0; place < total; place++) {
    const closing = pool.apply(
      (at: number) => {
        const fd = readdirSync('/proc/self/fd')
          .map(Number)
          .toSorted((a, b) => a - b)[at]
        if (fd === undefined || fd < 3) return
        try {
          closeSync(fd)
        } catch {
          // That of the listing.
        }
      },
      [place]
    )
    const error: unknown = await within(closing, `the task that has closed descriptor ${place}`).catch(
      (reason: unknown) => reason
    )
    t.true(error === undefined || error instanceof WorkerDiedError, String(error))
    // The worker may have noticed it only after its task.
    const next = async (): Promise<number> =>
      within(
        pool.apply(() => 7),
        `the task after it, ${place}`
      )
    const [first] = await Promise.allSettled([next()])
    t.is(first.status === 'fulfilled' ? first.value : await next(), 7)
  }
})

test('a task that closes every number from 3 to 256, or all there are, fails alone', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const closeUpTo = async (end: number): Promise<void> => {
    for (let fd = 3; fd < end; fd++) {
      try {
        closeSync(fd)
      } catch {
        // Not open.
      }
    }
    await new Promise(() => undefined)
  }
  for (const end of [257, 4096]) {
    await t.throwsAsync(within(pool.apply(closeUpTo, [end]), `closed up to ${end}`), { instanceOf: WorkerDiedError })
    t.deepEqual(
      await within(
        pool.map((x: number) => x, [1, 2, 3]),
        'the next map'
      ),
      [1, 2, 3]
    )
  }
})

test('a worker that has closed its lifeline still ends with its pool', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const pid = await pool.apply(() => {
    for (const fd of readdirSync('/proc/self/fd')) {
      try {
        if (/socket|pidfd/.test(readlinkSync(`/proc/self/fd/${fd}`))) closeSync(Number(fd))
      } catch {
        // That of the listing.
      }
    }
    return process.pid
  })
  await within(pool.terminate(), 'terminate')
  await gone([pid])
  t.pass()
})
