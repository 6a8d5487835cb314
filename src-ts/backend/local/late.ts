import type { LostTask } from '../index.js'
import { noteTask, TaskFunctionError, type TaskOrigin, TaskTimeoutError } from '../../errors/index.js'
import { type Shipped, shortenUrl } from '../../functions/index.js'
import { JSON, Set, TextDecoder, Uint32Array } from '../../primordials.js'
import { LATE_WORDS } from '../../protocol/index.js'
import { ItemTexts } from './item-texts.js'

/** A task that has exceeded a limit, from its record. */
export class Late {
  /** The task, by its position in the chunk. */
  readonly culprit: number
  readonly #origin: TaskOrigin
  readonly #limit: number
  readonly #function: Uint8Array

  /** @param payload Aligned to words. It is read at once. */
  constructor(payload: Uint8Array) {
    const words = new Uint32Array(payload.buffer, payload.byteOffset, LATE_WORDS)
    const [culprit = 0, workerId = 0, pid = 0, limit = 0, flags = 0, functionBytes = 0] = words
    const itemsAt = LATE_WORDS * 4 + functionBytes
    this.culprit = culprit
    this.#limit = limit
    this.#function = payload.subarray(LATE_WORDS * 4, itemsAt)
    this.#origin = { item: new ItemTexts(payload.subarray(itemsAt), flags).at(culprit), workerId, pid }
  }

  /** The error of a task that has exceeded its limit. */
  readonly timeout = (task: LostTask, attempt: number): TaskTimeoutError => {
    const { workerId, pid } = this.#origin
    return this.#note(new TaskTimeoutError({ index: task.index, workerId, pid, timeout: this.#limit }), task, attempt)
  }

  /** Makes the error of a task whose function was not loaded in time. */
  loadTimeout(): (task: LostTask, attempt: number) => TaskFunctionError {
    const { workerId, pid } = this.#origin
    const files = modulesOf(new TextDecoder().decode(this.#function))
    const what = files.length === 0 ? 'the function' : files.join(', ')
    const late = `was not loaded within ${this.#limit} ms (workerStartTimeout)`
    const message = `${what} ${late}; worker ${workerId} (pid ${pid}) was killed`
    return (task, attempt) => this.#note(new TaskFunctionError(message), task, attempt)
  }

  #note<E extends Error>(error: E, task: LostTask, attempt: number): E {
    const { item, ...worker } = this.#origin
    noteTask(error, task, { ...worker, item: task.position === this.culprit ? item : undefined }, attempt)
    return error
  }
}

/** The modules that a worker loads for a function. Empty if the text of the definition was too long for the record. */
function modulesOf(json: string): readonly string[] {
  let shipped: Shipped
  try {
    shipped = JSON.parse(json) as Shipped
  } catch {
    return []
  }
  if (shipped.kind === 'module') return [shortenUrl(shipped.url)]
  if (shipped.kind !== 'closure') return []
  const modules = shipped.values.map((slot) => {
    if (slot.t === 'import') return slot.specifier
    return slot.t === 'export' ? shortenUrl(slot.url) : undefined
  })
  return [...new Set(modules.filter((each) => each !== undefined))]
}
