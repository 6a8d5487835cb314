// What executions of tasks, ends of workers and lines of output may be, given the calls of a round.
import { readFileSync } from 'node:fs'
import { LONG_GRACE } from './plan.mjs'

/** How long after the end of its call a task may be told of it: the machine may be busy, its worker stopped. */
const TOLD_MS = 1_500

/**
 * @typedef {object} Entry what is kept of a call
 * @property {string} method
 * @property {number} retries
 * @property {number} lifespan Infinity without one
 * @property {boolean} isTimed
 * @property {number | undefined} killGrace
 * @property {number | undefined} endedAt when it was aborted, or its iterator left, in ms since the epoch
 * @property {boolean} isRefused
 * @property {number} workers how many the pool had when the call was made
 */

/** @typedef {{ call: number, number: number, pid: number, time: number }} Note */

/** @param {string} log @returns {Map<string, Note[]>} by what is noted */
function readNotes(log) {
  const notes = new Map(['begins', 'heard', 'untold'].map((what) => [what, []]))
  for (const line of readFileSync(log, 'utf8').split('\n').slice(0, -1)) {
    const [what, ...numbers] = line.split(' ')
    const [call, number, pid, time] = numbers.map(Number)
    notes.get(what).push({ call, number, pid, time })
  }
  return notes
}

function group(notes, keyOf) {
  const groups = new Map()
  for (const note of notes) {
    const key = keyOf(note)
    const members = groups.get(key)
    if (members === undefined) groups.set(key, [note])
    else members.push(note)
  }
  return groups
}

export class Ledger {
  #defaults
  #wasKilled
  /** @type {Map<number, Entry>} */
  #calls = new Map()
  #exits = new Map()
  #isClosing = false
  #isTerminated = false
  #isRecycled = false
  #isResized = false
  openApplies = 0

  /** @param {Record<string, unknown>} defaults options of the pool @param {(pid: number) => boolean} wasKilled by the killer */
  constructor(defaults, wasKilled) {
    this.#defaults = defaults
    this.#wasKilled = wasKilled
  }

  /** @returns {Entry} */
  open({ call, method, options }) {
    const { retries, workerLifespan } = this.#defaults
    const entry = {
      method,
      retries: options.retries ?? retries ?? 0,
      lifespan: options.workerLifespan ?? workerLifespan ?? Infinity,
      isTimed: options.taskTimeout !== undefined,
      killGrace: options.killGrace,
      endedAt: undefined,
      isRefused: false,
      workers: 0
    }
    this.#calls.set(call, entry)
    if (method === 'apply') this.openApplies++
    return entry
  }

  close({ method }) {
    if (method === 'apply') this.openApplies--
  }

  exited(pid, { exitCode, signal, reason }) {
    const isResized = this.#isResized && reason === 'resize'
    const isFree = this.#isClosing || this.#isRecycled || isResized || this.#defaults.keepAlive === false
    this.#exits.set(pid, { exitCode, signal, isFree, isResized, isTerminated: this.#isTerminated })
  }

  hasExited(pid) {
    return this.#exits.has(pid)
  }

  /** From now on workers may leave at any time. */
  recycled() {
    this.#isRecycled = true
  }

  /** From now on workers may be too many. */
  resized() {
    this.#isResized = true
  }

  closing(isTerminated) {
    this.#isClosing = true
    this.#isTerminated = isTerminated
  }

  /** @param {string | undefined} output what was written to stdout, if it was read */
  judge(log, output) {
    const notes = readNotes(log)
    const begun = notes.get('begins')
    const byTask = group(begun, ({ call, number }) => `${number} of call ${call}`)
    const byPid = group(begun, ({ pid }) => pid)
    const wrong = [
      ...this.#wrongRuns(byTask),
      ...this.#wrongLives(byPid),
      ...this.#wrongEnds(byPid),
      ...this.#wrongTelling(notes)
    ]
    if (output !== undefined) wrong.push(...this.#wrongLines(byPid, output))
    const workers = [...byPid].map(([pid, { length }]) => ({ pid, tasks: length, ...this.#lossOf(pid) }))
    return { executions: begun.length, tasks: byTask.size, heard: notes.get('heard').length, workers, wrong }
  }

  /** Whether a worker was lost, and whether it may have been before it could leave in order. */
  #lossOf(pid) {
    const { signal, isTerminated } = this.#exits.get(pid) ?? {}
    const isLost = (signal ?? null) !== null
    return { isLost, mayBeLost: isLost || isTerminated === true || this.#wasKilled(pid) }
  }

  *#wrongRuns(byTask) {
    for (const [task, runs] of byTask) {
      const { retries, isRefused } = this.#calls.get(runs[0].call)
      if (isRefused) yield `task ${task} ran and was refused`
      if (runs.length > retries + 1) yield `task ${task} ran ${runs.length} times with ${retries} retries`
      for (const { pid } of runs.slice(0, -1))
        if ((this.#exits.get(pid)?.signal ?? null) === null)
          yield `task ${task} ran again, and worker ${pid} was not lost`
      if (new Set(runs.map(({ pid }) => pid)).size < runs.length) yield `task ${task} ran twice in one worker`
    }
  }

  *#wrongLives(byPid) {
    for (const [pid, runs] of byPid) {
      let least = Infinity
      for (const [at, { call }] of runs.entries()) {
        least = Math.min(least, this.#calls.get(call).lifespan)
        if (at + 1 > least) {
          yield `worker ${pid} with a lifespan of ${least} ran ${runs.length} tasks`
          break
        }
      }
    }
  }

  *#wrongEnds(byPid) {
    const calls = [...this.#calls.values()]
    const mayKill = ({ isTimed, endedAt, killGrace }) => isTimed || (endedAt !== undefined && killGrace !== LONG_GRACE)
    const shortest = Math.min(...calls.map(({ lifespan }) => lifespan))
    for (const pid of byPid.keys()) if (!this.#exits.has(pid)) yield `worker ${pid} ran tasks and no exit was told`
    for (const [pid, { exitCode, signal, isFree, isResized, isTerminated }] of this.#exits) {
      const runs = byPid.get(pid) ?? []
      if (this.#wasKilled(pid) || isTerminated) continue
      if (signal === null) {
        if (exitCode !== 0) yield `worker ${pid} exited with ${exitCode}`
        else if (!isFree && this.#defaults.idleTimeout === undefined && runs.length < shortest)
          yield `worker ${pid} left after ${runs.length} tasks`
        continue
      }
      const last = runs.at(-1)
      // A worker that is too many before it is ready is killed.
      if (isResized && signal === 'SIGKILL' && last === undefined) continue
      // A task that was killed before it could note itself may have been of any call that kills.
      if (
        signal !== 'SIGKILL' ||
        (!(last !== undefined && mayKill(this.#calls.get(last.call))) && !calls.some(mayKill))
      )
        yield `worker ${pid} ended by ${signal} in call ${last?.call}, and nobody killed it`
    }
  }

  *#wrongTelling(notes) {
    for (const { call, number, time } of notes.get('untold')) {
      const { endedAt } = this.#calls.get(call)
      if (time - endedAt > TOLD_MS) yield `task ${number} of call ${call} was not told in ${time - endedAt} ms`
    }
    for (const { call, number, pid } of notes.get('heard')) {
      const entry = this.#calls.get(call)
      if (entry.endedAt === undefined) yield `task ${number} of call ${call} (${pid}) was told of no abort`
    }
  }

  *#wrongLines(byPid, output) {
    const torn = []
    const printed = new Map()
    for (const line of output.split('\n').slice(0, -1)) {
      const [, call, number, pid, length, rest] = /^(\d+) (\d+) (\d+) (\d+) (x*)$/.exec(line) ?? []
      if (rest === undefined || rest.length !== Number(length)) torn.push(line)
      else printed.set(Number(pid), [...(printed.get(Number(pid)) ?? []), `${call} ${number}`])
    }
    let lost = 0
    for (const [pid, runs] of byPid) {
      const due = runs.map(({ call, number }) => `${call} ${number}`)
      const got = printed.get(pid) ?? []
      const wasLost = (this.#exits.get(pid)?.signal ?? null) !== null
      if (wasLost && got.length < due.length) {
        due.pop()
        lost++
      }
      if (got.join() !== due.join())
        yield `worker ${pid} (${JSON.stringify(this.#exits.get(pid))}) printed ${got.length} lines of ${due.length}: not ${due.find((line, at) => line !== got[at])}`
    }
    if (torn.length > lost) yield `${torn.length} lines are torn, ${lost} were cut off: ${torn[0].slice(0, 100)}`
  }
}
