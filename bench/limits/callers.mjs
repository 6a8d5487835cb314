// The least that 10,000 concurrent calls can cost: a promise each, with and without the frames of the caller. Nothing is sent.
//   node bench/limits/callers.mjs
import { median } from '../timing.mjs'

const CALLS = 10_000
const ROUNDS = 20
const waiting = []

class Calls {
  /** As `apply`: errors that come later point at the caller. */
  located() {
    const site = {}
    Error.captureStackTrace(site, located)
    return new Promise((resolve) => waiting.push([resolve, site]))
  }

  plain() {
    return new Promise((resolve) => waiting.push([resolve]))
  }
}

const { located } = Calls.prototype
const calls = new Calls()
for (const how of ['located', 'plain']) {
  const samples = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage()
    const all = []
    for (let i = 0; i < CALLS; i += 1) all.push(calls[how]())
    for (const [resolve] of waiting.splice(0)) resolve()
    await Promise.all(all)
    const { user, system } = process.cpuUsage(before)
    samples.push((user + system) / 1000)
  }
  console.log(`${CALLS} ${how} promises: ${median(samples).toFixed(1)} ms of CPU time`)
}
