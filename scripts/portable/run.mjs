// `npm run portable`: the tests of the core, specs and the matrices on the POSIX module of the core, on Linux. `npm test -- portable` is
// the same. `-- --all` runs every spec, `--no-matrix` leaves the matrices out, `--no-core` the tests of the core.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { countCargo, countTap } from '../counts.mjs'
import { root, setUpOrExit } from '../setup.mjs'
import { apart, apartOnMacos, core } from './apart.mjs'
import { cargoEnv, makeTree, tree } from './tree.mjs'

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    'no-matrix': { type: 'boolean', default: false },
    'no-core': { type: 'boolean', default: false }
  }
})
setUpOrExit('0 passed, 1 failed')
makeTree()

const total = { passed: 0, failed: 0 }
const setApart = []

/** Runs a program, and adds what `count` reads from what it has printed. */
function execute(what, args, { program = process.execPath, count, cwd = tree, env = {} }) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, ...env, MILLRACE_PREBUILT: '1' },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const counts = count(stdout, status === 0)
  total.passed += counts.passed
  total.failed += counts.failed
  console.log(`${what}: ${counts.passed} passed, ${counts.failed} failed`)
  if (counts.failed > 0) console.log(`${stdout}${stderr}`.replace(/^(ok \d+|test .* \.\.\. ok).*\n/gm, '').trim())
  return stdout
}

if (!values['no-core']) {
  const args = ['test', '--package', 'millrace-core', '--locked', '--no-fail-fast']
  const output = execute('core', args, { program: 'cargo', count: countCargo, cwd: root, env: cargoEnv })
  for (const [, name, reason] of output.matchAll(/^test (\S+) \.\.\. ignored, (.*)$/gm)) {
    setApart.push({ name, reason })
  }
}

// A pattern counts in all specs, so a title must name one test alone.
const patterns = apart.map(({ title }) => `--match=!${title}`)
const names = readdirSync(join(tree, '__test__')).flatMap((file) => /^(.*)\.spec\.ts$/.exec(file)?.[1] ?? [])
const reasons = process.platform === 'darwin' ? Object.entries(apartOnMacos) : []
for (const [reason, of] of reasons) setApart.push(...of.map((name) => ({ name: `${name}.spec.ts`, reason })))
const whole = new Set(reasons.flatMap(([, of]) => of))
const specs = names
  .filter((name) => !whole.has(name) && (values.all || core.includes(name)))
  .map((name) => `__test__/${name}.spec.ts`)
for (const { spec } of apart) {
  if (!names.includes(spec)) throw new Error(`there is no spec ${spec}`)
}
execute('specs', ['node_modules/ava/entrypoints/cli.mjs', '--tap', ...patterns, ...specs], { count: countTap })
setApart.push(...apart.map(({ spec, title, reason }) => ({ name: `${spec}.spec.ts, ${title}`, reason })))

if (!values['no-matrix']) {
  const count = (output, isOk) => {
    const [, passed = 0, failed = 0] = /^(\d+) cells hold, (\d+) do not/m.exec(output) ?? []
    return { passed: Number(passed), failed: Math.max(Number(failed), isOk ? 0 : 1) }
  }
  execute('matrices', ['scripts/matrix.mjs', '--system', 'portable', '--page', join(root, 'docs/reliability.md')], {
    count
  })
}

for (const { name, reason } of setApart) console.log(`set apart: ${name}: ${reason}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${setApart.length} set apart`)
process.exitCode = total.failed > 0 ? 1 : 0
