import { closeSync, openSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import test, { type ExecutionContext } from 'ava'

import { sharedArray, tasks, WorkerDiedError, type WorkerPool } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { scratch } from './helpers/scratch.js'
import { buildNative, nativePath } from './matrix/native.mjs'

const windows = process.platform === 'win32' ? test : test.skip
const jobs = tasks<typeof import('./fixtures/jobs-windows.mjs')>(new URL('fixtures/jobs-windows.mjs', import.meta.url))
const shared = tasks<typeof import('./fixtures/jobs-shared.mjs')>(new URL('fixtures/jobs-shared.mjs', import.meta.url))

/** The parent does not copy these out of the worker. The last two are numbers that stand for whoever uses them. */
const NOTHING = [
  '0',
  'a small number',
  'a free number',
  'a number that no handle has',
  'a closed handle',
  'the process itself',
  'the thread itself'
]
/** This is the parent's own number for one, and names anything in the worker, or nothing. */
const STANDARD_STREAM = 'a standard stream'
/** The parent can copy these, and they are no region and no line. */
const FOREIGN = [
  'a file',
  'a lock',
  'an event',
  'a section that is read only',
  'a section without pages',
  'a section that is too large',
  'a section of a file'
]

interface Attacked {
  readonly pool: WorkerPool
  /** Makes the worker pass something. Returns what has become of it: the parent's answer, or `died`. */
  readonly attack: (what: string, part: string) => Promise<string | undefined>
  /** Whether the parent has all that it had, and the pool runs tasks. */
  readonly check: (what: string) => Promise<void>
}

/** A pool whose worker attacks a parent that has open files and arrays. */
function attacked(t: ExecutionContext): Attacked {
  buildNative()
  const folder = scratch(t, { kept: 'kept' })
  // As long as the section of a line.
  const GARBAGE_FILE = join(folder, 'section')
  writeFileSync(GARBAGE_FILE, Buffer.alloc(4096))
  const file = openSync(join(folder, 'kept'), 'r')
  t.teardown(() => closeSync(file))
  const array = sharedArray(Float64Array, [1, 2, 3])
  const { pool } = watchedPool(t, { nJobs: 1, env: { ...process.env, GARBAGE_FILE } })
  return {
    pool,
    attack: async (what, part) => {
      const ended = pool.apply(jobs.passGarbage, [nativePath('garbage-handles'), what, part])
      return await ended.catch((error: unknown) => (error instanceof WorkerDiedError ? 'died' : String(error)))
    },
    check: async (what) => {
      const content = Buffer.alloc(4)
      t.is(readSync(file, content, 0, 4, 0), 4, what)
      t.is(content.toString(), 'kept', what)
      t.deepEqual([...array], [1, 2, 3], what)
      t.is(await pool.apply(jobs.endAt, [[2, 'exit 0']]), 2, what)
    }
  }
}

windows('a worker that passes garbage in the place of a line is told so, or is killed', async (t) => {
  const { pool, attack, check } = attacked(t)
  for (const [part, all] of [
    ['section', NOTHING],
    ['section', [STANDARD_STREAM, ...FOREIGN]],
    ['event', [...NOTHING, ...FOREIGN.filter((what) => what !== 'an event')]],
    ['deaf event', ['']],
    ['count', ['']],
    ['length', ['']]
  ] as const) {
    for (const what of all) {
      const where = `${part}: ${what}`
      const isKilled = all === NOTHING || NOTHING.includes(what) || part === 'count' || part === 'length'
      const answer = await attack(what, part)
      if (what !== STANDARD_STREAM || answer !== 'died') t.is(answer, isKilled ? 'died' : 'told', where)
      await check(where)
      // The worker, or the next one, can open a line.
      t.is((await pool.apply(shared.make, [7]))[0], 7, where)
    }
  }
})

for (const part of ['new region', 'known region']) {
  windows(`a worker that passes garbage in the place of a ${part} harms nobody else`, async (t) => {
    const { pool, attack, check } = attacked(t)
    const own = sharedArray(Float64Array, 512)
    for (const what of [
      ...NOTHING,
      STANDARD_STREAM,
      ...FOREIGN,
      ...(part === 'known region' ? ['another section'] : [])
    ]) {
      own.fill(5)
      // The worker asks for it over its line.
      t.is(await pool.apply(shared.exchange, [own, 1]).then(([first]) => first), 5, what)
      t.is(await attack(what, part), 'taken', what)
      await check(what)
      t.true(
        own.every((element) => element === 5),
        what
      )
      await pool.recycle()
    }
  })
}
