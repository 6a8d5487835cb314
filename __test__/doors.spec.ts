import { spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'

import test from 'ava'

import { PoolError, tasks } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { descriptors } from './helpers/processes.js'

const attacks = tasks<typeof import('./fixtures/jobs-attacks.mjs')>(
  new URL('./fixtures/jobs-attacks.mjs', import.meta.url)
)

const READY = 1
const OUTCOME = 2
const NOTE = 3
const LAST = 2
const ALL = 0xff_ff_ff_ff

// Length of the payload, kind, then the fields: chunk, first task, tasks, flags, microseconds.
const forged: Readonly<Record<string, readonly [words: readonly number[], payloadBytes: number]>> = {
  'a length of 4 GiB': [[ALL, OUTCOME, 1, 0, 1, LAST, 0, 0], 0],
  'a length of 2 GiB of which nothing comes': [[0x7f_ff_ff_ff, OUTCOME, 1, 0, 1, LAST, 0, 0], 4096],
  'a kind that there is not': [[0, 99, 0, 0, 0, 0, 0, 0], 0],
  'half a header': [[0, OUTCOME], -16],
  'an outcome of no chunk': [[0, OUTCOME, 777, 0, 1, LAST, 0, 0], 0],
  'an outcome of every task': [[0, OUTCOME, 1, 0, ALL, LAST, 0, 0], 0],
  'an outcome of a task out of range': [[0, OUTCOME, 1, ALL, 1, LAST, 0, 0], 0],
  'an outcome with all flags': [[8, OUTCOME, 1, 0, 1, ALL, ALL, ALL], 8],
  'its own outcome, with bytes that are no value': [[64, OUTCOME, 1, 0, 1, LAST, 0, 0], 64],
  'its own outcome, without a value': [[0, OUTCOME, 1, 0, 1, LAST, 0, 0], 0],
  'its own outcome, with regions that it has not passed': [[0, OUTCOME, 1, 0, 1, LAST | (3 << 16), 0, 0], 0],
  'that it is ready, once more': [[0, READY, 0, 0, 0, 0, 0, 0], 0],
  'a long note': [[100_000, NOTE, 0, 0, 0, 0, 0, 0], 100_000]
}

for (const [what, [words, payloadBytes]] of Object.entries(forged)) {
  test(`a worker that forges ${what} fails its own task only`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    const neighbours = pool.map(attacks.double, [1, 2, 3, 4, 5, 6], { chunkSize: 1, orderTasks: false })
    t.deepEqual(await neighbours, [2, 4, 6, 8, 10, 12])
    const [attack, ...others] = await Promise.allSettled([
      pool.apply(attacks.forge, [words, payloadBytes, 'die']),
      ...[1, 2, 3].map((x) => pool.apply(attacks.double, [x]))
    ])
    t.is(attack.status, 'rejected')
    if (attack.status === 'rejected') t.true(attack.reason instanceof PoolError, String(attack.reason))
    // They went to the other worker, or behind the attack, and then to its replacement.
    t.deepEqual(
      others.map((other) => (other.status === 'fulfilled' ? other.value : other.reason)),
      [2, 4, 6]
    )
    t.deepEqual(await pool.map(attacks.double, [1, 2, 3], { chunkSize: 1 }), [2, 4, 6])
  })
}

test('a worker that forges an impossible message is killed, even if it would run forever', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const words = [0, OUTCOME, 777, 0, 1, LAST, 0, 0]
  await t.throwsAsync(pool.apply(attacks.forge, [words, 0, 'spin']), { code: 'ERR_POOL_WORKER_DIED' })
  t.is(await pool.apply(attacks.double, [4]), 8)
})

for (const value of [0, 1, 2, 3, 4, 7, 2 ** 31, ALL]) {
  test(`claim words full of ${value} settle each task once`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 2 })
    t.deepEqual(await pool.map(attacks.double, [1, 2, 3], { chunkSize: 1 }), [2, 4, 6])
    const chunk = pool.mapSettled(attacks.claim, [value, value, value, value], { chunkSize: 4 })
    const neighbours = pool.map(attacks.double, [1, 2, 3, 4], { chunkSize: 1 })
    for (const result of await chunk) t.is(result.status, 'rejected')
    t.deepEqual(await neighbours, [2, 4, 6, 8])
  })
}

test('the shared memory cannot be cut or stretched', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  // ENOENT: the memory of another test's pool, which has ended in the meantime.
  const tries = (await pool.apply(attacks.resize)).filter((outcome: string) => outcome !== 'ENOENT')
  t.true(tries.length >= 2, 'there is a way to it')
  // EPERM: the seal, or no right to open it at all.
  t.deepEqual(
    tries.filter((outcome: string) => outcome !== 'EPERM' && outcome !== 'EACCES'),
    []
  )
  t.is(await pool.apply(attacks.double, [4]), 8)
})

test('children of tasks and of the parent inherit none of the descriptors', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const { own, children } = await pool.apply(attacks.descriptorsOfChild)
  // Bells and pollers have no numbers to tell them by; children of Node's make some of their own.
  const isOurs = (link: string): boolean =>
    /memfd:|pidfd/.test(link) || (link.startsWith('socket:') && own.includes(link))
  t.true(own.some(isOurs))
  for (const open of children) t.deepEqual(open.filter(isOurs), [])
  const { stdout } = spawnSync('/bin/sh', ['-c', 'ls -l /proc/self/fd'], { encoding: 'utf8' })
  t.notRegex(stdout, /memfd:|eventfd|pidfd|eventpoll/)
  t.regex(stdout, /-> /)
})

test('nothing of a pool can be reached by a name, and nothing listens', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  await pool.map(attacks.double, [1, 2, 3, 4], { chunkSize: 1 })
  const pids = [process.pid, ...pool.workers.map(({ pid }) => pid)]
  const links = pids.flatMap((pid) => [...descriptors(pid, readlinkSync).values()])
  for (const link of links.filter((found) => found.includes('memfd:'))) t.regex(link, /^\/memfd:.* \(deleted\)$/)
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []))
  const named = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , , , , inode, path]) => inode !== undefined && inodes.has(inode) && path !== undefined)
  t.deepEqual(named, [])
  const LISTENS = '0A'
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const rows = readFileSync(table, 'utf8').split('\n').slice(1)
    const ours = rows.map((row) => row.trim().split(/\s+/)).filter((row) => inodes.has(row[9] ?? ''))
    t.deepEqual(
      ours.filter((row) => row[3] === LISTENS),
      []
    )
  }
})
