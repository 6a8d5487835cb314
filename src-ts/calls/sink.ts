import { type ListKind, MAP_TRAITS } from './map-kinds.js'
import { chooseShape, type ResultShape } from './result-shape.js'

/** What a failure means for its call: it goes on, it takes nothing new, or it is over. */
export type AfterFailure = 'go on' | 'drain' | 'end'

/** Where the results of a call go. No method throws. */
export interface Sink {
  /** Task `index` returned a value. */
  value(index: number, value: unknown): void
  /** Task `index` failed. */
  failure(index: number, error: unknown): AfterFailure
  /** The input has ended and every task has settled. */
  end(): void
  /** Nothing more comes, for the reason that `error` tells: the pool closes, or no worker can be started. */
  stopped(error: unknown): void
  /** The call has failed as a whole. */
  abort(error: unknown): void
  /** Results that nobody has taken yet; they count as active. */
  readonly held: number
}

/** Collects what a `map` promises. */
abstract class ListSink<R> implements Sink {
  readonly held = 0
  protected readonly results: R[] = []
  /** What stands in a place until its result comes. */
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

  /** Puts a result in its place. Later chunks may be first: the places between are filled, or V8 makes the array a table. */
  protected place(index: number, result: R): void {
    while (this.results.length < index) this.results.push(this.blank)
    this.results[index] = result
  }

  failure(_index: number, error: unknown): AfterFailure {
    this.#reject(error)
    return 'end'
  }

  end(): void {
    // The API's types say what is in it.
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
  // A number, so that an array of numbers stays one.
  protected readonly blank = 0

  value(index: number, value: unknown): void {
    this.place(index, this.shape.value(index, value))
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
    this.place(index, { status: 'fulfilled', value })
  }

  override failure(index: number, reason: unknown): AfterFailure {
    this.place(index, { status: 'rejected', reason })
    return 'go on'
  }
}

/** The sink of a call that promises a list. */
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
