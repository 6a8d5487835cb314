import { readFileSync } from 'node:fs'

import { monotonicMs, Number, process } from '../primordials.js'
import { figureBytes, type WorkerConfig, workersOf } from '../protocol/index.js'
import type { WorkerBlocks } from './blocks.js'
import type { Send } from './outbox.js'
import { Recorder } from './recorder.js'

const PEAK = /^VmHWM:\s+(\d+) kB$/m
const { cpuUsage, pid } = process

/** The largest resident memory that this process has had, if the system tells it, and otherwise what it has now. */
export function peakBytes(residentBytes: number): number {
  try {
    // `resourceUsage().maxRSS` is no less than the memory of the process that started this one.
    const [, kibibytes] = PEAK.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
    return kibibytes === undefined ? residentBytes : Number.parseInt(kibibytes, 10) * 1024
  } catch {
    return residentBytes
  }
}

export function cpuMs(): number {
  const { user, system } = cpuUsage()
  return (user + system) / 1000
}

/** Opens the figures of this worker, if the pool has insights. Without them the worker does its work all the same. */
export function openFigures(
  { figures }: Pick<Partial<WorkerConfig>, 'figures'>,
  worker: number,
  fetchRegion: (id: number, bytes: number) => ArrayBuffer
): Recorder | undefined {
  if (figures === undefined) return undefined
  try {
    const region = figures.ids.findIndex((_, at) => worker < workersOf(figures.rows, at).first) - 1
    const at = region < 0 ? figures.ids.length - 1 : region
    const { first, count } = workersOf(figures.rows, at)
    const memory = fetchRegion(figures.ids[at] ?? 0, figureBytes(count))
    return new Recorder(memory, worker - first, pid, monotonicMs())
  } catch {
    // The pool is gone, or this process may not have one more descriptor.
    return undefined
  }
}

/** Sends, and counts what is sent and the blocks beside it. */
export function countingSend(send: Send, recorder: Recorder | undefined, blocks: WorkerBlocks): Send {
  if (recorder === undefined) return send
  let [taken, put] = [0, 0]
  return (frames, length, isQuiet) => {
    recorder.received(blocks.bytesTaken - taken)
    const bytes = length + blocks.bytesPut - put
    taken = blocks.bytesTaken
    put = blocks.bytesPut
    recorder.send(bytes, () => send(frames, length, isQuiet))
  }
}
