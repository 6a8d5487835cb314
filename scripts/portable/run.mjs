// `npm run portable`: the tests of the core, every spec and the matrices on the POSIX module of the core, on Linux and on macOS.
// `npm test -- portable` is the same. `-- --no-core`, `--no-specs` and `--no-matrix` leave one of the three out, `--only map` runs such
// specs alone. `--minutes 4` begins no cell of the matrices after that time; the next run goes on. `--as-macos` runs on Linux the specs
// that macOS runs, without /proc.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { countCargo, countTap } from '../counts.mjs'
import { binaryName, ownTarget } from '../cross/targets.mjs'
import { root, setUpOrExit } from '../setup.mjs'
import { apart, apartOnMacos, wholeOnMacos } from './apart.mjs'
import { cargoEnv, makeTree, tree } from './tree.mjs'

const { values } = parseArgs({
  options: {
    'no-core': { type: 'boolean', default: false },
    'no-specs': { type: 'boolean', default: false },
    'no-matrix': { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    minutes: { type: 'string' },
    'as-macos': { type: 'boolean', default: process.platform === 'darwin' }
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
  const counts = count(stdout, status === 0, stderr)
  total.passed += counts.passed
  total.failed += counts.failed
  console.log(`${what}: ${counts.passed} passed, ${counts.failed} failed`)
  if (counts.failed > 0) console.log(`${stdout}${stderr}`.replace(/^(ok \d+|test .* \.\.\. ok).*\n/gm, '').trim())
  return stdout
}

function runCore() {
  const args = ['test', '--package', 'millrace-core', '--locked', '--no-fail-fast']
  const output = execute('core', args, { program: 'cargo', count: countCargo, cwd: root, env: cargoEnv })
  for (const [, name, reason] of output.matchAll(/^test (\S+) \.\.\. ignored, (.*)$/gm)) {
    setApart.push({ name, reason })
  }
}

function runSpecs() {
  const names = readdirSync(join(tree, '__test__')).flatMap((file) => /^(.*)\.spec\.ts$/.exec(file)?.[1] ?? [])
  const wanted = values.only.length === 0 ? names : values.only
  const whole = values['as-macos'] ? wholeOnMacos : []
  const titles = values['as-macos'] ? [...apart, ...apartOnMacos] : apart
  for (const { spec } of [...whole, ...titles]) {
    if (!names.includes(spec)) throw new Error(`there is no spec ${spec}`)
  }
  const specs = wanted.filter((name) => !whole.some(({ spec }) => spec === name))
  // A pattern counts in all specs, so a title must name one test alone.
  const patterns = titles.map(({ title }) => `--match=!${title}`)
  const args = ['node_modules/ava/entrypoints/cli.mjs', '--tap', ...patterns]
  if (values['as-macos'] && process.platform !== 'darwin') {
    args.push(`--node-arguments=--import=${new URL('without-proc.mjs', import.meta.url)}`)
  }
  execute('specs', [...args, ...specs.map((name) => `__test__/${name}.spec.ts`)], { count: countTap })
  const isWanted = ({ spec }) => wanted.includes(spec)
  setApart.push(...whole.filter(isWanted).map(({ spec, reason }) => ({ name: `${spec}.spec.ts`, reason })))
  const left = titles.filter(({ spec }) => specs.includes(spec))
  setApart.push(...left.map(({ spec, title, reason }) => ({ name: `${spec}.spec.ts, ${title}`, reason })))
}

function runMatrices() {
  const count = (output, isOk) => {
    const [, passed = 0, failed = 0] = /^(\d+) cells hold, (\d+) do not/m.exec(output) ?? []
    return { passed: Number(passed), failed: Math.max(Number(failed), isOk ? 0 : 1) }
  }
  const args = ['scripts/matrix.mjs', '--system', 'portable', '--page', join(root, 'docs/reliability.md')]
  if (values.minutes !== undefined) args.push('--minutes', values.minutes, '--outcomes', outcomesOfThisAddon())
  execute('matrices', args, { count })
}

/** The file that keeps the outcomes of the cells from run to run. */
function outcomesOfThisAddon() {
  const hash = createHash('sha256').update(readFileSync(join(tree, binaryName(ownTarget()))))
  return join(cargoEnv.CARGO_TARGET_DIR, `outcomes-${hash.digest('hex').slice(0, 16)}.json`)
}

if (!values['no-core']) runCore()
if (!values['no-specs']) runSpecs()
if (!values['no-matrix']) runMatrices()
for (const { name, reason } of setApart) console.log(`set apart: ${name}: ${reason}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${setApart.length} set apart`)
process.exitCode = total.failed > 0 ? 1 : 0
