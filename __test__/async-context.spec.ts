import { AsyncLocalStorage } from 'node:async_hooks'
import { fileURLToPath } from 'node:url'

import { tasks } from '../dist/index.js'
import type * as contextJobs from './fixtures/jobs-context.mjs'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'

const jobs = tasks<typeof contextJobs>(new URL('./fixtures/jobs-context.mjs', import.meta.url))
const items = Array.from({ length: 40 }, (_, index) => index + 1)

const leavesBehind = {
  enter: jobs.enter,
  enterAfterAwait: jobs.enterAfterAwait,
  enterInTimer: jobs.enterInTimer,
  runForever: jobs.runForever,
  throwInRun: jobs.throwInRun,
  publishInStores: jobs.publishInStores,
  leaveScopeOpen: jobs.leaveScopeOpen
}

for (const [name, job] of Object.entries(leavesBehind)) {
  for (const chunkSize of [1, 20]) {
    testBoth(`no task sees the store that an earlier task has left: ${name}, chunks of ${chunkSize}`, async (t) => {
      const { pool } = watchedPool(t, { nJobs: 1 })
      const seen = await pool.map(job, items, { chunkSize })
      t.deepEqual(
        seen.filter((store) => store !== undefined),
        []
      )
      t.is(await pool.apply(jobs.look), undefined)
    })
  }
}

for (const [name, job] of Object.entries({ enterAndThrow: jobs.enterAndThrow, enterAndReject: jobs.enterAndReject })) {
  testBoth(`no task sees the store of a failed task: ${name}`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    const settled = await pool.mapSettled(job, items, { chunkSize: 20 })
    const texts = settled.map((each) => (each.status === 'rejected' ? (each.reason as Error).message : each.status))
    t.deepEqual([...new Set(texts)], ['saw undefined'])
    t.is(await pool.apply(jobs.look), undefined)
  })
}

testBoth('a task keeps the store that it has entered, until it ends', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  await pool.map(jobs.enter, items)
  t.deepEqual([...new Set(await pool.map(jobs.keep, items, { chunkSize: 10 }))], [true])
})

testBoth('a task begins with an empty context even if a preload has entered one', async (t) => {
  const preload = fileURLToPath(new URL('./fixtures/preload-enters.cjs', import.meta.url))
  const { pool } = watchedPool(t, { nJobs: 1, execArgv: ['--require', preload] })
  const look = (): unknown => (globalThis as { entered?: AsyncLocalStorage<string> }).entered?.getStore()
  t.deepEqual(await pool.map(look, [1, 2, 3]), [undefined, undefined, undefined])
})

testBoth('each task has its own execution resource once a context was entered', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  await pool.apply(jobs.enter, [1])
  const mark = (): boolean => {
    const { executionAsyncResource } = process.getBuiltinModule('node:async_hooks')
    const resource = executionAsyncResource() as { isMarked?: boolean }
    const { isMarked = false } = resource
    resource.isMarked = true
    return isMarked
  }
  t.deepEqual(await pool.map(mark, [1, 2, 3], { chunkSize: 3 }), [false, false, false])
})

testBoth("the caller's store is present after a call", async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const storage = new AsyncLocalStorage<string>()
  const add = (x: number): number => x + 1
  const flow = async (name: string): Promise<readonly (string | undefined)[]> => {
    const seen: (string | undefined)[] = []
    const look = (): void => void seen.push(storage.getStore())
    await pool.map(add, [1, 2])
    look()
    await pool.apply(add, [1]).then(look)
    for await (const _ of pool.imap(add, [1, 2])) look()
    await pool.mapSettled(
      add,
      (function* () {
        look()
        yield 1
      })()
    )
    look()
    await pool
      .map(() => {
        throw new Error('no')
      }, [1])
      .catch(look)
    look()
    return seen.filter((each) => each !== name)
  }
  const results = await Promise.all(['a', 'b', 'c'].map((name) => storage.run(name, () => flow(name))))
  t.deepEqual(results, [[], [], []])
})
