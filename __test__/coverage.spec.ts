import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import test from 'ava'

import { run } from './helpers/run.js'
import { within } from './helpers/within.js'

interface Script {
  readonly url: string
  readonly functions: readonly { readonly functionName: string; readonly ranges: readonly Range[] }[]
}

interface Range {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}

for (const how of ['join', 'recycle', 'idle', 'lifespan', 'SIGTERM', 'programEnd', 'env']) {
  test(`the coverage of a worker is complete, and the same in the next run (${how})`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-coverage-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    // Where compile caches are.
    mkdirSync(join(folder, 'tmp'))
    const seen: string[] = []
    for (const round of ['first', 'second', 'third']) {
      const into = join(folder, round)
      const env = { ...process.env, NODE_V8_COVERAGE: into, TMPDIR: join(folder, 'tmp') }
      const { code } = await within(run(t, 'covered-parent.mjs', [how], { env }).end, 'it has ended')
      t.is(code, 0)
      const scripts = readdirSync(into).flatMap(
        (file) => (JSON.parse(readFileSync(join(into, file), 'utf8')) as { result: Script[] }).result
      )
      const covered = scripts.filter(({ url }) => url.endsWith('/covered.mjs'))
      t.is(covered.length, 1, 'one worker has loaded the module')
      const counts = covered.flatMap(({ functions }) =>
        functions.map(({ functionName, ranges }) => [functionName, ranges.map(({ count }) => count)])
      )
      t.deepEqual(Object.fromEntries(counts)['double'], [1, 0])
      t.deepEqual(Object.fromEntries(counts)['neverCalled'], [0])
      seen.push(JSON.stringify(covered[0]?.functions))
    }
    t.is(new Set(seen).size, 1)
  })
}
