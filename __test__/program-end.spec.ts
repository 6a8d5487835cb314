import { readFileSync } from 'node:fs'

import test, { type ExecutionContext } from 'ava'

import { Gates } from './helpers/gates.js'
import { type Piped, runPiped } from './helpers/piped.js'
import { within } from './helpers/within.js'

const LINES = 1024

interface End extends Piped {
  readonly file: string
}

/** Lines of 1 KiB that begin with this word. */
function count(text: string, name: string): number {
  return text.split('\n').filter((line) => line === `${name} ${'x'.repeat(1023 - name.length - 1)}`).length
}

async function end(t: ExecutionContext, what: string, where = 'main'): Promise<End> {
  const gates = new Gates(t)
  const file = gates.path('file')
  const piped = await within(
    runPiped(t, 'sleep 1; cat', 'program-end.mjs', [what, file, where]),
    'the program has ended'
  )
  return { ...piped, file: gates.isOpen('file') ? readFileSync(file, 'utf8') : '' }
}

for (const where of ['main', 'thread']) {
  test(`the output of idle workers is complete when a program ends without closing its pool (${where})`, async (t) => {
    const { code, read } = await end(t, 'output', where)
    t.deepEqual([code, count(read, 'stdout'), count(read, 'stderr')], [0, LINES, LINES])
  })

  test(`their exit handlers run (${where})`, async (t) => {
    const { code, read } = await end(t, 'exitHandler', where)
    t.deepEqual([code, count(read, 'stdout')], [0, LINES])
  })

  for (const what of ['transport', 'busy']) {
    test(`their files are complete (${what}, ${where})`, async (t) => {
      const { code, file } = await end(t, what, where)
      t.deepEqual([code, count(file, 'file')], [0, LINES])
    })
  }

  test(`the idle workers of all pools leave (${where})`, async (t) => {
    const { code, file } = await end(t, 'manyPools', where)
    t.deepEqual([code, file], [0, 'exit 0\n'.repeat(3)])
  })

  test(`the pool stays open for a listener of beforeExit (${where})`, async (t) => {
    const { code, said, file } = await end(t, 'once', where)
    t.deepEqual([code, said, count(file, 'file')], [0, 'beforeExit 1\n', LINES])
  })

  test(`a beforeExit listener that starts work is called again for that work only (${where})`, async (t) => {
    const { code, said } = await end(t, 'workEachTime', where)
    t.deepEqual([code, said], [0, 'round 1\n'.repeat(3)])
  })

  for (const what of ['unused', 'joined']) {
    test(`without workers beforeExit is emitted once (${what}, ${where})`, async (t) => {
      const { code, said } = await end(t, what, where)
      t.deepEqual([code, said], [0, 'beforeExit 1\n'])
    })
  }

  test(`the exit code does not change (${where})`, async (t) => {
    const { code, file } = await end(t, 'exitCode', where)
    t.deepEqual([code, count(file, 'file')], [7, LINES])
  })

  for (const [what, expected] of Object.entries({ exits: 4, throws: 1 })) {
    test(`an abrupt end kills the workers (${what}, ${where})`, async (t) => {
      const { code } = await end(t, what, where)
      t.is(code, expected)
    })
  }
}

test('a top-level await that never settles still ends the program with code 13', async (t) => {
  const { code, file } = await end(t, 'neverSettles')
  t.deepEqual([code, count(file, 'file')], [13, LINES])
})

test('with pipes to the pool, output of exit handlers arrives', async (t) => {
  const { code, read } = await end(t, 'piped')
  t.deepEqual([code, count(read, 'stdout')], [0, LINES])
})

test('a worker that does not end delays the program for a bounded time', async (t) => {
  t.is((await end(t, 'hangs')).code, 0)
})

test('a pool that is collected lets its workers leave', async (t) => {
  const { code, file } = await end(t, 'dropped')
  t.deepEqual([code, count(file, 'file')], [0, LINES])
})

for (const what of ['nested', 'nestedJoined']) {
  test(`a worker that leaves closes the pools that its tasks have made (${what})`, async (t) => {
    const { code, read, file } = await end(t, what)
    t.deepEqual([code, count(read, 'stdout'), count(read, 'stderr'), count(file, 'file')], [0, LINES, LINES, LINES])
  })
}

test('the tasks of such a pool are finished', async (t) => {
  const { code, file } = await end(t, 'nestedBusy')
  t.deepEqual([code, count(file, 'file')], [0, LINES])
})
