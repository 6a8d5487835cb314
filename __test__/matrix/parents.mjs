// The parent matrix: every way in which a process with a pool can go, in every state of its workers.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasList, holds, isAlive, kill, processes } from './watch.mjs'

const READY_MS = 60_000
const GONE_MS = 60_000

/** Tells it to go by itself. */
const tell = ({ stdin }) => stdin.write('go\n')

const waysOfAll = {
  'an exception': tell,
  'process.exit': tell,
  'heap exhaustion': tell,
  'the end of its thread': tell
}

const waysOfPosix = {
  SIGKILL: ({ pid }) => process.kill(pid, 'SIGKILL'),
  'SIGINT to its group': ({ pid }) => process.kill(-pid, 'SIGINT'),
  SIGTERM: ({ pid }) => process.kill(pid, 'SIGTERM'),
  SIGHUP: ({ pid }) => process.kill(pid, 'SIGHUP'),
  SIGPIPE: ({ pid }) => process.kill(pid, 'SIGPIPE'),
  ...waysOfAll
}

const waysOfWindows = {
  TerminateProcess: ({ pid }) => process.kill(pid, 'SIGKILL'),
  abort: tell,
  'an unhandled rejection': tell,
  ...waysOfAll
}

/** What happens to the process. */
export const ways = process.platform === 'win32' ? waysOfWindows : waysOfPosix

/** The states of the workers, and how many processes there are at least. */
export const states = { idle: 2, 'busy loops': 2, 'nested pools': 6, 'children of tasks': 4 }

export function allParentCells() {
  return Object.keys(ways).flatMap((way) => Object.keys(states).map((state) => ({ way, state })))
}

/** The living descendants of a process; where no list of processes is, those that it has noted in `file` and its workers. */
function descendants(root, file) {
  if (!hasList) {
    const noted = [file, `${file}.ready`].flatMap((name) => readFileSync(name, 'utf8').split('\n').filter(Boolean))
    return [...new Set(noted.map(Number))].filter(isAlive)
  }
  const all = processes()
  const found = new Set([root])
  // A child may come before its parent in the list.
  for (let before = 0; before < found.size;) {
    before = found.size
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid)
  }
  found.delete(root)
  return [...found]
}

/**
 * Runs one cell. `leftMs`: from the end of the process, as this one hears of it, until none of the others was left; from when it
 * was told to where only its thread ends.
 *
 * @param {{ way: string, state: string }} cell
 * @returns {Promise<{ wrong: string[], leftMs: number }>}
 */
export async function runParentCell({ way, state }) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-parents-'))
  const file = join(folder, 'pids')
  const wrong = []
  const options = way === 'heap exhaustion' ? ['--max-old-space-size=40'] : []
  const script = fileURLToPath(new URL('parent.mjs', import.meta.url))
  // In a group of its own, as a shell would start it.
  const stdio = ['pipe', 'ignore', 'ignore']
  const parent = spawn(process.execPath, [...options, script, way, state, file], { stdio, detached: true })
  parent.stdin.on('error', () => undefined)
  let endedAt
  parent.on('exit', () => (endedAt = performance.now()))
  let leftMs = 0
  let all = []
  try {
    if (!(await holds(() => existsSync(`${file}.ready`), READY_MS))) throw new Error('it does not get ready')
    all = descendants(parent.pid, file)
    if (all.length < states[state]) wrong.push(`only ${all.length} processes`)
    const toldAt = performance.now()
    ways[way](parent)
    const living = () => {
      if (!hasList) return all.filter(isAlive)
      const now = new Set(processes().map(({ pid }) => pid))
      return all.filter((pid) => now.has(pid))
    }
    if (!(await holds(() => living().length === 0, GONE_MS)))
      wrong.push(`left behind: ${living().length} of ${all.length}`)
    const goneAt = performance.now()
    const staysAlive = way === 'the end of its thread'
    if (!staysAlive && !(await holds(() => endedAt !== undefined, GONE_MS)))
      wrong.push('the process itself does not end')
    leftMs = Math.max(Math.round(goneAt - (endedAt ?? toldAt)), 0)
    if (staysAlive && endedAt !== undefined) wrong.push('the process ended with its thread')
  } catch (error) {
    wrong.push(error.message)
  } finally {
    for (const pid of [parent.pid, ...all]) kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  return { wrong, leftMs }
}
