import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Only what hangs takes so long: one CPU may have dozens of starting processes to run. AVA ends a run after five minutes in which no test
 * ends.
 */
export const PATIENCE_MS = 200_000
const LOOK_MS = 10

/**
 * The fields of `/proc/<pid>/stat` after the name: the state (that of the main thread), the parent's pid... Undefined where there is
 * no such process.
 */
function stat(pid: number | string): readonly string[] | undefined {
  if (!HAS_PROC) return listed().get(Number(pid))
  const text = read(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

const IS_WINDOWS = process.platform === 'win32'
/** macOS has none. There `ps` tells. Under wine it is that of another system. */
const HAS_PROC = !IS_WINDOWS && existsSync('/proc/self/stat')

/** The state and the parent's pid of all processes, by pid. */
function listed(): ReadonlyMap<number, readonly string[]> {
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,state=,ppid='], { encoding: 'utf8' })
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  return new Map(rows.map(([pid, state = '', parent = '']) => [Number(pid), [state.charAt(0), parent]]))
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** Whether the process runs. One that is dead and not yet reaped, by whoever inherited it, does not. */
export function isAlive(pid: number): boolean {
  if (IS_WINDOWS) return isThere(pid)
  const state = stat(pid)?.[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Whether the process is stopped, all of its threads: the main one may stop long before the others. */
export function isStopped(pid: number): boolean {
  if (!HAS_PROC) return stat(pid)?.[0] === 'T'
  const ids = list(`/proc/${pid}/task`)
  return ids.length > 0 && ids.every((id) => stat(`${pid}/task/${id}`)?.[0] === 'T')
}

/** Waits until `condition` holds; fails after a generous while with what `describe` says. */
export async function until(condition: () => boolean, describe: () => string): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!condition()) {
    if (performance.now() > end) throw new Error(`after ${PATIENCE_MS} ms: ${describe()}`)
    await sleep(LOOK_MS)
  }
}

/** Waits until none of the processes is left. */
export async function gone(pids: Iterable<number>): Promise<void> {
  const left = new Set(pids)
  const check = (): boolean => {
    for (const pid of left) if (!isAlive(pid)) left.delete(pid)
    return left.size === 0
  }
  await until(check, () => `still alive: ${[...left].map(describeProcess).join(', ')}`)
}

function describeProcess(pid: number): string {
  return `${pid} (${read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? 'gone'})`
}

/** The living processes whose parent is `pid`. On Windows none are known; who has to know them there asks the pool. */
export function childrenOf(pid: number): readonly number[] {
  if (IS_WINDOWS) return []
  const all = HAS_PROC ? list('/proc').map(Number) : [...listed().keys()]
  return all.filter((other) => other > 0 && stat(other)?.[1] === String(pid) && isAlive(other))
}

/** What the open descriptors of a process stand for, by number. */
export function descriptors(pid: number, link: (path: string) => string): ReadonlyMap<number, string> {
  const open = new Map<number, string>()
  for (const name of list(`/proc/${pid}/fd`)) {
    try {
      open.set(Number(name), link(`/proc/${pid}/fd/${name}`))
    } catch {
      // It was closed in the meantime: the one that the directory was read through, for one.
    }
  }
  return open
}

/** A thread as the system sees it. */
export interface Thread {
  readonly id: number
  /** Cut by the system to 15 characters. */
  readonly name: string
  /** How often it went to sleep by itself; each time something woke it. */
  readonly sleeps: number
}

/** The threads of a process. */
export function threads(pid: number): readonly Thread[] {
  return list(`/proc/${pid}/task`).flatMap((id) => {
    const status = read(`/proc/${pid}/task/${id}/status`)
    if (status === undefined) return []
    const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? ''
    return [{ id: Number(id), name: field('Name'), sleeps: Number(field('voluntary_ctxt_switches')) }]
  })
}
