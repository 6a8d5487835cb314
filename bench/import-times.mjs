// What it costs to load a package: whole processes, in turn, over one that loads nothing.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const EXIT = `process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  process._rawDebug(JSON.stringify([performance.now(), (user + system) / 1000]))
})`

/**
 * Runs programs in turn, `rounds` times after one to warm the disk's cache.
 *
 * @param {readonly { name: string, extension: 'mjs' | 'cjs', code: string }[]} programs
 * @returns {Map<string, [wall: number, cpu: number][]>} milliseconds by name
 */
export function sampleStarts(programs, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-import-'))
  const samples = new Map(programs.map(({ name }) => [name, []]))
  try {
    const files = programs.map(({ extension, code }, at) => {
      const file = join(folder, `${at}.${extension}`)
      writeFileSync(file, `${code}\n${EXIT}\n`)
      return file
    })
    for (let round = -1; round < rounds; round += 1) {
      programs.forEach(({ name }, at) => {
        const { status, stderr } = spawnSync(process.execPath, [files[at]], { encoding: 'utf8', timeout: 20_000 })
        if (status !== 0) throw new Error(`${name}: ${stderr}`)
        if (round >= 0) samples.get(name).push(JSON.parse(stderr.trim().split('\n').at(-1)))
      })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return samples
}

/** The least time, because whatever else runs only adds to it. */
const least = (samples) => Math.min(...samples.map(([wall]) => wall))

/** The file that a peer is imported by. */
function entryOf({ name, root }) {
  if (name === 'millrace' || name === 'ours-before') return join(root, 'dist/index.js')
  return fileURLToPath(import.meta.resolve(name))
}

/**
 * @param {readonly import('./peers.mjs').Peer[]} peers
 * @param {number} rounds
 * @returns {{ over: Record<string, number>, bare: number }} milliseconds over a node that imports nothing, and those of that node
 */
export function importTimes(peers, rounds) {
  const programs = peers.map((peer) => ({
    name: peer.name,
    extension: 'mjs',
    code: `import ${JSON.stringify(entryOf(peer))}`
  }))
  const samples = sampleStarts([{ name: 'nothing', extension: 'mjs', code: '' }, ...programs], rounds)
  const bare = least(samples.get('nothing'))
  return { over: Object.fromEntries(peers.map(({ name }) => [name, least(samples.get(name)) - bare])), bare }
}
