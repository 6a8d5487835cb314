// What a pool costs beside its work: to load it, to start it, to have it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { importTimes } from '../import-times.mjs'
import { BEFORE } from '../peers.mjs'
import { familyOf, pssOf, switchesOf } from '../processes.mjs'
import { median, wallSeconds } from '../timing.mjs'
import { isOurs } from './row.mjs'

const SETTLE_MS = 200
/** After work, V8 tidies up for a while. */
const CALM_MS = 2000
const IDLE_MS = 1000

const isProcess = ({ name, language }) => language === 'node' && name !== 'piscina'
const sumOf = (values) => values.reduce((sum, value) => sum + value, 0)

/** As many bare nodes at once, from start to exit. */
function bareStarts(count) {
  const start = () => once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')
  return wallSeconds(() => Promise.all(Array.from({ length: count }, start)))
}

/** The memory of a node that waits and does nothing else. */
async function barePss() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6); console.log()'])
  await once(child.stdout, 'data')
  await sleep(SETTLE_MS)
  const value = pssOf(child.pid)
  child.kill('SIGKILL')
  return value
}

/** What each worker of one more pool takes. */
async function workerPss(driver, workers) {
  const before = new Set(familyOf(driver.pid))
  await driver.ask('hold')
  await sleep(SETTLE_MS)
  const added = familyOf(driver.pid).filter((pid) => !before.has(pid))
  const value = sumOf(added.map(pssOf)) / workers
  await driver.ask('release')
  return value
}

/** @type {readonly import('./row.mjs').Row[]} */
export const life = [
  {
    key: 'import',
    title: 'to import the package, over a bare node',
    unit: 'ms',
    better: 'less',
    targets: [{ than: 'piscina', factor: 1 }],
    isFor: ({ name, language }) => language === 'node' && name !== 'fork',
    async round(peers, { scale }) {
      const times = importTimes(peers, scale < 1 ? 1 : 5)
      return { ...times.over, 'a bare node': times.bare }
    }
  },
  {
    key: 'cold',
    title: 'first result of cold workers; limit: as many bare nodes, start to exit',
    unit: 'ms',
    better: 'less',
    targets: [{ than: 'limit', factor: 1.15 }],
    measure: async (driver) => 1000 * (await driver.ask('cold')),
    limit: async ({ workers }) => 1000 * (await bareStarts(workers))
  },
  {
    key: 'memory',
    title: 'memory that a worker adds to a bare node (PSS)',
    unit: 'MB',
    better: 'less',
    targets: [{ factor: 2 }],
    isFor: isProcess,
    async round(peers, { fleet, workers }) {
      const bare = await barePss()
      const found = { 'a bare node': bare }
      for (const peer of peers) found[peer.name] = (await workerPss(await fleet.driver(peer), workers)) - bare
      return found
    }
  },
  {
    key: 'idle',
    title: 'idle pool: context switches of all its processes',
    unit: '1/s',
    better: 'less',
    targets: [{ factor: 0 }],
    setting: 'apart',
    // All of them in the same second.
    async round(peers, { fleet }) {
      const drivers = await Promise.all(peers.map((peer) => fleet.driver(peer, 'apart')))
      for (const driver of drivers) await driver.ask('apply', 20)
      await sleep(CALM_MS)
      const families = drivers.map(({ pid }) => familyOf(pid))
      const count = () => families.map((family) => sumOf(family.map(switchesOf)))
      const before = count()
      await sleep(IDLE_MS)
      const after = count()
      return Object.fromEntries(peers.map(({ name }, i) => [name, (1000 * (after[i] - before[i])) / IDLE_MS]))
    }
  },
  {
    key: 'crowd',
    title: '64 workers on these CPUs, 1e6 empty tasks; limit: 2 workers',
    unit: 'ms',
    better: 'less',
    targets: [{ than: 'limit', factor: 1.3 }],
    isFor: isOurs,
    setting: 'apart',
    async round(peers, { fleet, scale }) {
      const count = Math.round(1e6 * scale)
      const run = async (peer, many) => {
        const driver = await fleet.driver(peer, 'apart')
        const times = []
        for (let i = 0; i < 3; i += 1) times.push(1000 * (await driver.ask('crowd', many, count)))
        return median(times)
      }
      const found = {}
      for (const peer of peers) {
        found[peer.name] = await run(peer, 64)
        found[peer.name === BEFORE ? 'before, 2 workers' : 'limit'] = await run(peer, 2)
      }
      return found
    }
  }
]
