import test from 'ava'

import { childrenOf, gone } from './helpers/processes.js'
import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

interface Thread {
  readonly workers: number
  readonly said: readonly string[]
  readonly code: number
}

const doubled = { workers: 1, said: ['2,4,6'], code: 0 }

for (const [what, way, rounds, expected] of [
  ['closes its pool', 'closes', 3, [doubled]],
  ['ends with an idle pool', 'ends', 3, [doubled]],
  ['ends, as do three others,', 'together', 3, [doubled, doubled, doubled, doubled]],
  ['is terminated in the middle of a map', 'terminated', 20, [{ workers: 1, said: ['end me'], code: 1 }]],
  ['is terminated while its workers start', 'starting', 20, [{ workers: 0, said: ['end me'], code: 1 }]],
  ['is terminated while results arrive', 'flooded', 6, [{ workers: 1, said: ['end me'], code: 1 }]],
  ['exits in the middle of a map', 'exits', 6, [{ workers: 1, said: [], code: 3 }]],
  ['throws in the middle of a map', 'throws', 6, [{ workers: 1, said: ['thrown'], code: 1 }]]
] as const) {
  test(`a thread that ${what} takes its workers with it, and nothing else`, async (t) => {
    const script = run(t, 'thread-rounds.mjs', [way, String(rounds)])
    const { code, signal, lines, stderr } = await within(script.end, 'a worker stays, or the process does')
    t.deepEqual([code, signal, stderr], [0, null, ''])
    t.is(lines.length, rounds)
    for (const line of lines) {
      const threads = JSON.parse(line) as Thread[]
      // A worker may be ready in time, or not.
      const found = way === 'starting' ? threads.map((thread) => ({ ...thread, workers: 0 })) : threads
      t.deepEqual(found, [...expected])
    }
    await gone(childrenOf(script.pid))
  })
}
