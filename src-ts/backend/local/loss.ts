import { constants } from 'node:os'

import type { LostTask } from '../index.js'
import { type DeathReason, noteTask, shorten, type WorkerDeath, WorkerDiedError } from '../../errors/index.js'
import { Map, Object, Uint32Array } from '../../primordials.js'
import {
  CAUSE_HEAP,
  CAUSE_MEMORY,
  CAUSE_OUT_OF_MEMORY,
  CAUSE_PROTOCOL,
  DIED_WORDS,
  ENDED_BY_EXIT,
  ENDED_BY_SIGNAL
} from '../../protocol/index.js'
import { ItemTexts } from './item-texts.js'

/** The longest text of an item in a message. */
const ITEM_LENGTH = 100
/** The reasons by the number of the cause. */
const REASONS: ReadonlyMap<number, DeathReason> = new Map([
  [CAUSE_MEMORY, 'oom'],
  [CAUSE_HEAP, 'heap'],
  [CAUSE_PROTOCOL, 'protocol'],
  [CAUSE_OUT_OF_MEMORY, 'overload']
])

const signalNames = new Map<number, string>()
for (const [name, number] of Object.entries(constants.signals)) {
  // Some signals have two names, such as SIGABRT and SIGIOT. The usual one comes first.
  if (!signalNames.has(number)) signalNames.set(number, name)
}

/** How a worker has ended, from the two words that say so. */
export function toEnd(how: number, word: number): Pick<WorkerDeath, 'exitCode' | 'signal'> {
  return {
    exitCode: how === ENDED_BY_EXIT ? word : null,
    signal: how === ENDED_BY_SIGNAL ? (signalNames.get(word) ?? `signal ${word}`) : null
  }
}

/** Tasks that were lost with their worker, from a record. */
export class Loss {
  readonly #words: Uint32Array
  readonly #texts: Pick<ItemTexts, 'at'>

  /**
   * @param payload Aligned to words. It is read when errors are made.
   * @param only The only task whose error will be made. With it, the payload is read at once.
   */
  constructor(payload: Uint8Array, only: number | undefined) {
    const words = new Uint32Array(payload.buffer, payload.byteOffset, DIED_WORDS)
    this.#words = only === undefined ? words : words.slice()
    const texts = new ItemTexts(payload.subarray(DIED_WORDS * 4), this.#word(10))
    const text = only === undefined ? undefined : texts.at(only)
    this.#texts = only === undefined ? texts : { at: () => text }
  }

  /** The position in the chunk of the running task, if any. */
  get culprit(): number | undefined {
    return this.#hasBegun ? this.#word(0) : undefined
  }

  /** The error of a task of the chunk. */
  errorOf(task: LostTask, attempt: number): WorkerDiedError {
    const { index, position } = task
    const item = this.#texts.at(position)
    const [workerId, pid] = [this.#word(1), this.#word(2)]
    const isBefore = position < this.#word(0)
    const error = new WorkerDiedError({
      index,
      workerId,
      pid,
      ...toEnd(this.#word(3), this.#word(4)),
      uptime: this.#word(8) + this.#word(9) * 2 ** 32,
      phase: !this.#hasBegun ? 'waiting' : isBefore ? 'unsent' : 'running',
      reason: REASONS.get(this.#word(6)),
      heapLimit: this.#word(7),
      item: item === undefined ? undefined : shorten(item, ITEM_LENGTH)
    })
    noteTask(error, task, { item, workerId, pid }, attempt)
    return error
  }

  get #hasBegun(): boolean {
    return this.#word(5) !== 0
  }

  #word(index: number): number {
    return this.#words[index] ?? 0
  }
}
