// What the system says of processes, and of what this one holds.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

function attempt(work, otherwise) {
  try {
    return work()
  } catch {
    return otherwise
  }
}

/** `/proc/<pid>/stat` after the name: state, parent, process group... Undefined where there is no such process. */
function stat(pid) {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'), '')
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** Windows has no such list that Node could read: there only what a cell has noted is looked at. */
export const hasList = process.platform !== 'win32'

/** Whether there is such a process. */
export const isAlive = (pid) => attempt(() => process.kill(pid, 0), false)

/** Every living process: its pid, its parent's, its group, its state. Who is dead and not yet reaped is none. */
export function processes() {
  return readdirSync('/proc').flatMap((name) => {
    const fields = /^\d+$/.test(name) ? stat(name) : undefined
    if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return []
    return [{ pid: Number(name), parent: Number(fields[1]), group: Number(fields[2]), state: fields[0] }]
  })
}

/** The living children of this process. */
export function children() {
  if (!hasList) return []
  const threads = attempt(() => readdirSync('/proc/self/task'), [])
  const pids = threads.flatMap((id) =>
    attempt(() => readFileSync(`/proc/self/task/${id}/children`, 'latin1'), '')
      .split(' ')
      .filter(Boolean)
      .map(Number)
  )
  return pids.flatMap((pid) => {
    const state = stat(pid)?.[0]
    return state === undefined || state === 'Z' || state === 'X' ? [] : [{ pid, state }]
  })
}

/** What this process holds: descriptors by what they stand for, its pools' threads, shared memory. */
export function holdings() {
  if (!hasList) return {}
  const descriptors = attempt(() => readdirSync('/proc/self/fd'), []).flatMap((name) =>
    attempt(() => [readlinkSync(`/proc/self/fd/${name}`)], []).filter((link) => !link.startsWith('/proc/'))
  )
  const threads = readdirSync('/proc/self/task')
    .map((id) => attempt(() => readFileSync(`/proc/self/task/${id}/comm`, 'latin1').trim(), ''))
    .filter((name) => name.startsWith('millrace'))
  const memory = readFileSync('/proc/self/maps', 'latin1').match(/\/(memfd:|dev\/shm\/millrace).*$/gm) ?? []
  return { descriptors: descriptors.length, threads: threads.length, memory: memory.length }
}

/** What this process's descriptors stand for, and how many of each. */
export function descriptorKinds() {
  const kinds = {}
  for (const name of readdirSync('/proc/self/fd')) {
    const link = attempt(() => readlinkSync(`/proc/self/fd/${name}`), 'closed').replaceAll(/\d+/g, '')
    kinds[link] = (kinds[link] ?? 0) + 1
  }
  return kinds
}

/** Whether `condition` comes to hold within `ms`. */
export async function holds(condition, ms) {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) return false
    await sleep(5)
  }
  return true
}

/** Sends a signal to whoever is still there. */
export function kill(pid, signal) {
  attempt(() => process.kill(pid, signal), false)
}

const LOOK_MS = 5
const GONE_MS = 60_000

/** Looks after one cell: does what a worker cannot do to itself, and sees that nothing is left in the end. */
export class Watch {
  #before = holdings()
  #pids = new Set()
  #exited = new Set()
  #killed = new Set()
  #kills
  #scratch
  #timer = setInterval(() => this.#look(), LOOK_MS)

  /** @param {boolean} kills whether it kills whoever suffers the fault */
  constructor(kills, scratch) {
    this.#kills = kills
    this.#scratch = scratch
  }

  see(pid) {
    this.#pids.add(pid)
  }

  exited(pid) {
    this.see(pid)
    this.#exited.add(pid)
  }

  /** The workers in which the fault has happened, or is about to. */
  suffering() {
    const text = attempt(() => readFileSync(`${this.#scratch}/suffering`, 'latin1'), '')
    return text.split('\n').slice(0, -1).map(Number)
  }

  #look() {
    for (const { pid, state } of children()) {
      this.see(pid)
      if (state === 'T') kill(pid, 'SIGKILL')
    }
    if (!this.#kills) return
    for (const pid of this.suffering()) {
      if (this.#killed.has(pid)) continue
      this.#killed.add(pid)
      setTimeout(() => kill(pid, 'SIGKILL'), 100)
    }
  }

  /** Resolves when the fault has happened; `isOver`: when the worker has ended by it, and the pool has noticed. */
  async fault(isOver) {
    await holds(() => this.suffering().length > 0, GONE_MS)
    if (isOver) await holds(() => this.suffering().every((pid) => this.#exited.has(pid)), GONE_MS)
  }

  /** Whether the fault has happened; one that is on its way in a worker is waited for. */
  happened() {
    return holds(() => this.suffering().length > 0, GONE_MS)
  }

  /** What is left when the pool has closed. @returns {Promise<string[]>} */
  async end() {
    for (const pid of this.suffering()) this.see(pid)
    const isOurs = ({ pid, group }) => this.#pids.has(pid) || this.#pids.has(group)
    const left = () =>
      hasList
        ? processes()
            .filter(isOurs)
            .map(({ pid }) => pid)
        : [...this.#pids].filter(isAlive)
    const wrong = []
    if (!(await holds(() => left().length === 0, GONE_MS))) wrong.push(`left behind: ${left()}`)
    clearInterval(this.#timer)
    for (const pid of left()) kill(pid, 'SIGKILL')
    const more = () => Object.entries(holdings()).filter(([what, count]) => count > this.#before[what])
    if (!(await holds(() => more().length === 0, GONE_MS)))
      wrong.push(`still held: ${more().map(([what, count]) => `${count - this.#before[what]} ${what}`)}`)
    return wrong
  }
}
