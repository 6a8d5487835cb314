// `npm run windows`: the specs on Windows. Elsewhere (on Linux, as root) under wine, with the addon that was built here, on Node.js 22;
// `-- --node 26.10.0` takes another release, and `-- --only pinning` one spec. What is set apart is listed with its reason and counted.
// `npm run windows -- matrix` runs the crash and parent matrices in their place, as far as they come in `--minutes`; the next run goes on.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { countTap } from '../counts.mjs'
import { windowsNode } from '../cross/nodes.mjs'
import { root, setUpOrExit } from '../setup.mjs'
import { apart, apartSpecs, specs as chosen } from './apart.mjs'
import { runMatrices } from './matrices.mjs'
import { makeTree, tree } from './tree.mjs'
import { setUp, underWine } from './wine.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: '22.23.3' },
    only: { type: 'string', multiple: true, default: [] },
    minutes: { type: 'string' }
  }
})
/** For one spec. A machine that emulates is slow. */
const SPEC_MS = 600_000
const isWindows = process.platform === 'win32'
setUpOrExit('0 passed, 1 failed')
if (!isWindows) {
  makeTree()
  await setUp()
}

if (positionals[0] === 'matrix') {
  process.exitCode = await runMatrices(values)
  process.exit()
}

const apartHere = apart.filter(({ isForWine }) => !isWindows || !isForWine)

/** Runs AVA on one spec. */
async function execute(name) {
  const titles = apartHere.filter(({ spec }) => spec === name).map(({ title }) => `--match=!${title}`)
  const args = ['node_modules/ava/entrypoints/cli.mjs', '--tap', ...titles]
  if (!isWindows) {
    return underWine([windowsNode(values.node), ...args, `__test__/${name}.spec.js`], { cwd: tree, timeout: SPEC_MS })
  }
  return spawnSync(process.execPath, [...args, `__test__/${name}.spec.ts`], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, MILLRACE_PREBUILT: '1' }
  })
}

const total = { passed: 0, failed: 0 }
const names = values.only.length === 0 ? chosen : values.only
for (const name of names) {
  const begun = performance.now()
  const { status, stdout, stderr } = await execute(name)
  const { passed, failed } = countTap(stdout, status === 0)
  total.passed += passed
  total.failed += failed
  console.log(`${name}: ${passed} passed, ${failed} failed (${((performance.now() - begun) / 1000).toFixed(1)} s)`)
  if (failed > 0) console.log(`${stdout}${stderr}`.replace(/^ok \d+.*\n/gm, '').trim())
}
const listed = [
  ...apartHere
    .filter(({ spec }) => names.includes(spec))
    .map((each) => ({ ...each, spec: `${each.spec}.spec.ts, ${each.title}` })),
  ...Object.entries(values.only.length === 0 ? apartSpecs : {}).flatMap(([reason, of]) =>
    of.map((name) => ({ spec: `${name}.spec.ts`, reason }))
  )
]
for (const { spec, reason } of listed) console.log(`set apart: ${spec}: ${reason}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${listed.length} set apart`)
process.exitCode = total.failed > 0 ? 1 : 0
