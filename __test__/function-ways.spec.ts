import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test from 'ava'

// Every kind of function in every way of running a program; a row of the page that is not as written fails with its kind and way.
test('the table in docs/functions.md is what running every cell gives', (t) => {
  const script = fileURLToPath(new URL('../scripts/functions/table.mjs', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  t.is(status, 0, stderr)
})
