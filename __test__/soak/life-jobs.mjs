// The init and the exit of workers in the soak, and what each task does with its life.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { currentTask } from '../../dist/index.js'

const planOf = () => JSON.parse(process.env.MILLRACE_SOAK)

/** @param {import('../../dist/index.js').TaskContext} context */
export async function init({ state }) {
  const { initMs, log } = planOf()
  if (initMs > 0) await sleep(initMs)
  appendFileSync(log, `init ${process.pid}\n`)
  state.isReady = true
}

/** @param {import('../../dist/index.js').TaskContext} context */
export async function exit({ state }) {
  const { exitMs, log, bytes } = planOf()
  if (exitMs > 0) await sleep(exitMs)
  appendFileSync(log, `exit ${process.pid}\n`)
  return { pid: process.pid, count: state.count, bytes: Buffer.alloc(bytes, process.pid % 256) }
}

/** Counts a task in the state and in the shared table. @param {{ isReady: boolean, salt: number | undefined }} promised */
export function live(promised) {
  const { state, shared } = currentTask()
  state.count = (state.count ?? 0) + 1
  if (promised.isReady !== (state.isReady === true)) throw new Error(`the init has run: ${state.isReady}`)
  if (promised.salt !== shared?.salt)
    throw new Error(`the shared objects have ${shared?.salt} and not ${promised.salt}`)
  if (shared !== undefined) Atomics.add(shared.table, 0, 1)
}
