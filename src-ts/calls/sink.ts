import { type ListKind, MAP_TRAITS } from './map-kinds.js'
import { chooseShape, type ResultShape } from './result-shape.js'

/** What a failure means for its call: it goes on, it takes no new items, or it is over. */
export type AfterFailure = 'go on' | 'drain' | 'end'

/** Where the results of a call go. No method throws. */
export interface Sink {
  /** Task `index` returned a value. */
  value(index: number, value: unknown): void
  /** Task `index` failed. */
  failure(index: number, error: unknown): AfterFailure
  /** The input has ended and every task has settled. */
  end(): void
  /** Nothing more comes, for the reason in `error`: the pool closes, or no worker can be started. */
  stopped(error: unknown): void
  /** The call has failed as a whole. */
  abort(error: unknown): void
  /** The number of results that nobody has taken yet. They count as active tasks. */
  readonly unread: number
}

/** Collects the list that a `map` returns. */
abstract class ListSink<R> implements Sink {
  readonly unread = 0
  protected readonly results: R[] = []
  /** Fills an element until its result comes. */
  protected abstract readonly blank: R
  protected readonly shape: ResultShape
  readonly #resolve: (results: never[]) => void
  readonly #reject: (error: unknown) => void

  constructor(shape: ResultShape, resolve: (results: never[]) => void, reject: (error: unknown) => void) {
    this.shape = shape
    this.#resolve = resolve
    this.#reject = reject
  }

  abstract value(index: number, value: unknown): void

  /** Sets an element. If a later chunk comes first, the elements before it are filled, or V8 would turn the array into a table. */
  protected put(index: number, result: R): void {
    while (this.results.length < index) this.results.push(this.blank)
    this.results[index] = result
  }

  failure(_index: number, error: unknown): AfterFailure {
    this.#reject(error)
    return 'end'
  }

  end(): void {
    // The types of the API say what the list has.
    this.#resolve(this.results as never[])
  }

  stopped(): void {
    this.end()
  }

  abort(error: unknown): void {
    this.#reject(error)
  }
}

/** Results in the order of the input. */
class OrderedSink extends ListSink<unknown> {
  // A number, so that V8 keeps the array an array of numbers.
  protected readonly blank = 0

  value(index: number, value: unknown): void {
    this.put(index, this.shape.value(index, value))
  }
}

/** Results as they come. */
class CompletionSink extends ListSink<unknown> {
  protected readonly blank = 0

  value(index: number, value: unknown): void {
    this.results.push(this.shape.value(index, value))
  }
}

/** Results and failures in the order of the input. */
class SettledSink extends ListSink<PromiseSettledResult<unknown>> {
  protected readonly blank = { status: 'rejected', reason: undefined } as const

  value(index: number, value: unknown): void {
    this.put(index, { status: 'fulfilled', value })
  }

  override failure(index: number, reason: unknown): AfterFailure {
    this.put(index, { status: 'rejected', reason })
    return 'go on'
  }
}

/** The sink of a call that returns a promise of a list. */
export function makeListSink(
  kind: ListKind,
  withIndex: boolean,
  resolve: (results: never[]) => void,
  reject: (error: unknown) => void
): Sink {
  const { isOrdered, isSettled } = MAP_TRAITS[kind]
  const sinkClass = isSettled ? SettledSink : isOrdered ? OrderedSink : CompletionSink
  return new sinkClass(chooseShape(MAP_TRAITS[kind], withIndex), resolve, reject)
}
