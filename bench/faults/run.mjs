// The same twelve faults on millrace and its peers: who loses a task, hangs, or leaves processes.
//   npm run faults -- [--only loky,piscina] [--fault abort] [--patience 10] [--at-once 3] [--write]
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildNative } from '../../__test__/matrix/native.mjs'
import { kill, processes } from '../../__test__/matrix/watch.mjs'
import { toTable, writeSection } from '../../scripts/reliability.mjs'
import { findPython, requirements } from '../python.mjs'
import { faultsOf, NO_FAULT } from './verdict.mjs'

const faults = [
  'exit 0',
  'exit 1',
  'SIGKILL',
  'SIGSTOP, then SIGKILL',
  'abort',
  'segmentation fault',
  'heap exhaustion',
  'uncaught in a timer',
  'a result that cannot be sent',
  'an idle worker is killed',
  'a busy loop, the pool is terminated',
  'the parent is killed'
]
const nodePeers = ['millrace', 'piscina', 'workerpool', 'tinypool', 'poolifier', 'jest-worker']
const pythonPeers = ['multiprocessing.Pool', 'concurrent.futures', 'loky', 'MPIRE']

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: [...nodePeers, ...pythonPeers].join() },
    fault: { type: 'string', default: '' },
    patience: { type: 'string', default: '10' },
    'at-once': { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false }
  }
})
const patienceMs = Number(values.patience) * 1000
const LOOK_MS = 100
const LEFT_MS = 2000

/** The processes that were started, however indirectly, with this mark in their environment. */
function marked(mark) {
  return processes().filter(({ pid }) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)
    } catch {
      return false
    }
  })
}

/** The most executions of one task, among those that noted themselves. */
function mostExecutions(notes) {
  const counts = new Map()
  for (const line of readFileSync(notes, 'utf8').split('\n').slice(0, -1)) {
    const number = line.split(' ')[0]
    counts.set(number, (counts.get(number) ?? 0) + 1)
  }
  return Math.max(0, ...counts.values())
}

/** @returns {Promise<import('./verdict.mjs').Run>} */
async function run(peer, fault) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-faults-'))
  const notes = join(folder, 'notes')
  writeFileSync(notes, '')
  const mark = `MILLRACE_FAULTS=${folder}`
  const driver = (name) => fileURLToPath(new URL(name, import.meta.url))
  const isNode = nodePeers.includes(peer)
  const [program, script] = isNode ? [process.execPath, driver('driver.mjs')] : [python, driver('driver.py')]
  const env = { ...process.env, MILLRACE_FAULTS: folder, PATIENCE_MS: String(patienceMs) }
  if (fault === 'heap exhaustion') env.NODE_OPTIONS = '--max-old-space-size=64'
  const child = spawn(program, [script, peer, fault, notes], {
    env,
    cwd: folder,
    stdio: ['ignore', 'pipe', values.verbose ? 'inherit' : 'ignore']
  })
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? code)))
  const said = {}
  createInterface({ input: child.stdout }).on('line', (line) => {
    // Workers write there too.
    if (!line.startsWith('{')) return
    Object.assign(said, JSON.parse(line))
    if (said.busy && fault === 'the parent is killed') setTimeout(() => child.kill('SIGKILL'), 200)
  })
  // Some peers give their workers an environment without the mark: these are known by their parents.
  const family = new Set([child.pid])
  const look = setInterval(() => {
    const all = processes()
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid)
    for (const { pid, state } of marked(mark)) if (state === 'T') kill(pid, 'SIGKILL')
  }, LOOK_MS)
  // Its own patience ends a few times before this.
  const end = await Promise.race([ended, sleep(5 * patienceMs, 'open')])
  if (end === 'open') {
    child.kill('SIGKILL')
    await ended
  }
  clearInterval(look)
  await sleep(LEFT_MS)
  const isMarked = new Set(marked(mark).map(({ pid }) => pid))
  const left = processes().filter(({ pid }) => isMarked.has(pid) || family.has(pid))
  for (const { pid } of left) kill(pid, 'SIGKILL')
  const outcome = { ...said, end, left: left.length, most: mostExecutions(notes) }
  rmSync(folder, { recursive: true, force: true })
  if (values.verbose) console.log(JSON.stringify(outcome))
  return outcome
}

const python = findPython()
buildNative()
const peers = [...nodePeers, ...pythonPeers].filter((peer) => values.only.split(',').includes(peer))
const chosen = faults.filter((fault) => fault.includes(values.fault))
const jobs = peers.flatMap((peer) => chosen.map((fault) => ({ peer, fault })))
const verdicts = new Map()
const queue = jobs.values()
const work = async () => {
  for (const { peer, fault } of queue) {
    const words = faultsOf(fault, await run(peer, fault)).join('; ') || 'ok'
    verdicts.set(`${peer} ${fault}`, words)
    console.log(`${peer}, ${fault}: ${words}`)
  }
}
// A peer that this program does not know how to use must not be blamed for it.
for (const peer of peers) {
  const words = faultsOf(NO_FAULT, await run(peer, NO_FAULT))
  if (words.length > 0) throw new Error(`${peer} fails without a fault: ${words.join('; ')}`)
}
await Promise.all(Array.from({ length: Number(values['at-once']) }, work))

const pythonVersions = Object.fromEntries(
  readFileSync(requirements, 'utf8')
    .split('\n')
    .map((line) => line.split('=='))
)
/** The version that npm installed, '' where there is none. */
function versionOf(name) {
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url)
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : ''
}

const titles = peers.map((peer) => {
  const version = versionOf(peer) || pythonVersions[peer.toLowerCase()]
  return version ? `${peer} ${version}` : peer
})
const rows = chosen.map((fault) => [fault, ...peers.map((peer) => verdicts.get(`${peer} ${fault}`))])
const sums = peers.map((peer) => String(chosen.filter((fault) => verdicts.get(`${peer} ${fault}`) === 'ok').length))
const table = toTable([['fault', ...titles], ...rows, [`ok, of ${chosen.length}`, ...sums]])
console.log(table)
if (values.write) await writeSection('side by side', table)
process.exitCode = rows.some(([, ours]) => peers[0] === 'millrace' && ours !== 'ok') ? 1 : 0
// What hung may hold this process.
process.exit()
