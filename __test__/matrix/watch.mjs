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
const GONE_MS = 10_000

/** Looks after one cell: does what a worker cannot do to itself, and sees that nothing is left in the end. */
export class Watch {
  #before = holdings()
  #pids = new Set()
  #exited = new Set()
  #killed = new Set()
  #fault
  #scratch
  #timer = setInterval(() => this.#look(), LOOK_MS)

  /** @param {string} fault the one that is ended from outside where it is an infinite loop */
  constructor(fault, scratch) {
    this.#fault = fault
    this.#scratch = scratch
  }

  see(pid) {
    this.#pids.add(pid)
  }

  exited(pid) {
    this.see(pid)
    this.#exited.add(pid)
  }

  #suffering() {
    const text = attempt(() => readFileSync(`${this.#scratch}/suffering`, 'latin1'), '')
    return text.split('\n').slice(0, -1).map(Number)
  }

  #look() {
    for (const { pid, state } of children()) {
      this.see(pid)
      if (state === 'T') kill(pid, 'SIGKILL')
    }
    if (this.#fault !== 'infinite loop') return
    for (const pid of this.#suffering()) {
      if (this.#killed.has(pid)) continue
      this.#killed.add(pid)
      setTimeout(() => kill(pid, 'SIGKILL'), 100)
    }
  }

  /** Resolves when the fault has happened; `isOver`: when the worker has ended by it, and the pool has noticed. */
  async fault(isOver) {
    await holds(() => this.#suffering().length > 0, GONE_MS)
    if (isOver) await holds(() => this.#suffering().every((pid) => this.#exited.has(pid)), GONE_MS)
  }

  /** Whether the fault has happened; one that is on its way in a worker is waited for. */
  happened() {
    return holds(() => this.#suffering().length > 0, 1000)
  }

  /** What is left when the pool has closed. @returns {Promise<string[]>} */
  async end() {
    const left = () => processes().filter(({ pid, group }) => this.#pids.has(pid) || this.#pids.has(group))
    const wrong = []
    if (!(await holds(() => left().length === 0, GONE_MS))) wrong.push(`left behind: ${left().map(({ pid }) => pid)}`)
    clearInterval(this.#timer)
    for (const { pid } of left()) kill(pid, 'SIGKILL')
    const more = () => Object.entries(holdings()).filter(([what, count]) => count > this.#before[what])
    if (!(await holds(() => more().length === 0, GONE_MS)))
      wrong.push(`still held: ${more().map(([what, count]) => `${count - this.#before[what]} ${what}`)}`)
    return wrong
  }
}
