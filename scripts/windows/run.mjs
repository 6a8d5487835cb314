// `npm run windows`: every spec on Windows but those that are set apart. Elsewhere (on Linux, as root) under wine, with the addon that was
// built here, on Node.js 22; `-- --node 26.10.0` takes another release, `-- --only trace` one spec, and `-- --jobs 1` how many at a time.
// What is set apart is listed with its reason and counted.
// `npm run windows -- matrix` runs the crash and parent matrices in their place, as far as they come in `--minutes`; the next run goes on.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { countTap } from '../counts.mjs'
import { windowsNode } from '../cross/nodes.mjs'
import { root, setUpOrExit } from '../setup.mjs'
import { apartOn } from './apart.mjs'
import { runMatrices } from './matrices.mjs'
import { makeTree, specNames, tree } from './tree.mjs'
import { setUp, underWine } from './wine.mjs'

const isWindows = process.platform === 'win32'
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: '22.23.3' },
    only: { type: 'string', multiple: true, default: [] },
    jobs: { type: 'string', default: isWindows ? '1' : '2' },
    minutes: { type: 'string' }
  }
})
/** For one spec. A machine that emulates is slow. */
const SPEC_MS = 900_000
setUpOrExit('0 passed, 1 failed')
if (!isWindows) {
  await makeTree()
  await setUp()
}

if (positionals[0] === 'matrix') {
  process.exitCode = await runMatrices(values)
  process.exit()
}

const { specs: wholeApart, tests: apart } = apartOn(isWindows ? 'windows' : 'wine', specNames())

/** Runs AVA on one spec. */
async function execute(name) {
  const titles = apart.filter(({ spec }) => spec === name).map(({ title }) => `--match=!${title}`)
  const args = ['node_modules/ava/entrypoints/cli.mjs', '--tap', ...titles]
  if (!isWindows) {
    return underWine([windowsNode(values.node), ...args, `__test__/${name}.spec.js`], { cwd: tree, timeout: SPEC_MS })
  }
  const child = spawn(process.execPath, [...args, `__test__/${name}.spec.ts`], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MILLRACE_PREBUILT: '1' }
  })
  const ended = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { status, stdout, stderr }
}

const total = { passed: 0, failed: 0 }
const isWhole = new Set(wholeApart.map(({ spec }) => spec))
const names = values.only.length === 0 ? specNames().filter((name) => !isWhole.has(name)) : values.only
const left = [...names]
async function work() {
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const begun = performance.now()
    const { status, stdout, stderr } = await execute(name)
    const { passed, failed } = countTap(stdout, status === 0)
    total.passed += passed
    total.failed += failed
    console.log(`${name}: ${passed} passed, ${failed} failed (${((performance.now() - begun) / 1000).toFixed(1)} s)`)
    if (failed > 0) console.log(`${stdout}${stderr}`.replace(/^ok \d+.*\n/gm, '').trim())
  }
}
await Promise.all(Array.from({ length: Number(values.jobs) }, work))
const tests = apart.filter(({ spec }) => names.includes(spec))
const whole = values.only.length === 0 ? wholeApart : []
for (const { spec, title, reason } of tests) console.log(`set apart: ${spec}.spec.ts, ${title}: ${reason}`)
for (const { spec, reason } of whole) console.log(`set apart: ${spec}.spec.ts: ${reason}`)
console.log(`${names.length} specs: ${total.passed} passed, ${total.failed} failed`)
console.log(`set apart: ${whole.length} specs and ${tests.length} tests`)
process.exitCode = total.failed > 0 ? 1 : 0
