import { constants } from 'node:os'
import { inspect } from 'node:util'

import { Reader, readValue } from '../../codec/index.js'
import { type DeathReason, WorkerDiedError } from '../../errors/index.js'
import { Array, Map, Object, Uint32Array } from '../../primordials.js'
import {
  BATCH,
  CAUSE_HEAP,
  CAUSE_MEMORY,
  CAUSE_OUT_OF_MEMORY,
  CAUSE_PROTOCOL,
  DIED_WORDS,
  URGENT
} from '../../protocol/index.js'

const ITEM_LENGTH = 100
/** By the number of the cause. */
const REASONS: ReadonlyMap<number, DeathReason> = new Map([
  [CAUSE_MEMORY, 'oom'],
  [CAUSE_HEAP, 'heap'],
  [CAUSE_PROTOCOL, 'protocol'],
  [CAUSE_OUT_OF_MEMORY, 'overload']
])

const signalNames = new Map<number, string>()
for (const [name, number] of Object.entries(constants.signals)) {
  // Some have two names; the usual one comes first: SIGABRT, SIGIOT.
  if (!signalNames.has(number)) signalNames.set(number, name)
}

/** The exit code that a word stands for. */
export function toExitCode(word: number): number | null {
  return word === 0 ? null : word - 1
}

/** The signal that a word stands for. */
export function toSignal(word: number): string | null {
  return word === 0 ? null : (signalNames.get(word) ?? `signal ${word}`)
}

/** Tasks that were lost with their worker, as a record tells. It reads the record's bytes until its errors are made. */
export class Loss {
  readonly #words: Uint32Array
  readonly #items: Uint8Array
  #texts: readonly string[] | undefined

  /** @param payload Aligned to words. */
  constructor(payload: Uint8Array) {
    this.#words = new Uint32Array(payload.buffer, payload.byteOffset, DIED_WORDS)
    this.#items = payload.subarray(DIED_WORDS * 4)
  }

  /** The task that was running, by its place in the chunk, if one was. */
  get culprit(): number | undefined {
    return this.#hasBegun ? this.#word(0) : undefined
  }

  /** The error of the task at a place of the chunk; `index` is that of its item in the call. */
  errorOf(index: number, place: number): WorkerDiedError {
    const isBefore = place < this.#word(0)
    return new WorkerDiedError({
      index,
      workerId: this.#word(1),
      pid: this.#word(2),
      exitCode: toExitCode(this.#word(3)),
      signal: toSignal(this.#word(4)),
      uptime: this.#word(8) + this.#word(9) * 2 ** 32,
      phase: !this.#hasBegun ? 'waiting' : isBefore ? 'unsent' : 'running',
      reason: REASONS.get(this.#word(6)),
      heapLimit: this.#word(7),
      item: (this.#texts ??= this.#readTexts())[place]
    })
  }

  get #hasBegun(): boolean {
    return this.#word(5) !== 0
  }

  #word(place: number): number {
    return this.#words[place] ?? 0
  }

  /** As many items as are there: of a large chunk only the front is. */
  #readTexts(): readonly string[] {
    const texts: string[] = []
    const reader = new Reader()
    reader.reset(this.#items, 8, this.#items.length)
    try {
      while (reader.offset < reader.end) texts.push(describeItem(this.#readTask(reader), this.#isApply))
    } catch {
      // The rest is not there.
    }
    return texts
  }

  #readTask(reader: Reader): unknown {
    const value = readValue(reader)
    if ((this.#word(10) & BATCH) === 0 || typeof value !== 'number') return value
    return Array.from({ length: value }, () => readValue(reader))
  }

  get #isApply(): boolean {
    return (this.#word(10) & URGENT) !== 0
  }
}

/** An item in one line of at most 100 characters; of `apply`, the arguments in brackets. */
function describeItem(item: unknown, isApply: boolean): string {
  const isArguments = isApply && Array.isArray(item)
  const text = isArguments ? `(${Array.from(item, show).join(', ')})` : show(item)
  return text.length > ITEM_LENGTH ? `${text.slice(0, ITEM_LENGTH - 1)}…` : text
}

function show(value: unknown): string {
  const options = { depth: 1, maxStringLength: 60, maxArrayLength: 8, breakLength: Infinity, customInspect: false }
  return inspect(value, options).replaceAll(/\s*\n\s*/g, ' ')
}
