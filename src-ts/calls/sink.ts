import type { PackedResults } from '../codec/index.js'
import { type ListKind, MAP_TRAITS } from './map-kinds.js'
import { chooseShape, type ResultShape } from './result-shape.js'
import { ResultList } from './result-list.js'

/** What a failure means for its call: it goes on, it takes no new items, or it is over. */
export type AfterFailure = 'go on' | 'drain' | 'end'

/** What a sink may do with the call that feeds it. */
export interface RunningCall {
  /** Fails the call. With `kill`, running tasks are notified, and their workers killed after `killGrace`. */
  abort(error: unknown, kill: boolean): void
}

/** Where the results of a call go. No method throws. */
export interface Sink {
  /** The number of items, where it is known. */
  total?(count: number | undefined): void
  /** The call takes its first items. */
  begin?(call: RunningCall): void
  /** The call has ended, after any other method or without one. */
  closed?(): void
  /** The call will have so many results, unless it ends early. */
  expect?(count: number): void
  /** Task `index` returned a value. */
  value(index: number, value: unknown): void
  /** Tasks from `index` on returned these values. They are in memory that is reused. */
  several(index: number, values: PackedResults): void
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
abstract class ListSink implements Sink {
  readonly unread = 0
  protected readonly results = new ResultList()
  protected readonly shape: ResultShape
  readonly #resolve: (results: never[]) => void
  readonly #reject: (error: unknown) => void

  constructor(shape: ResultShape, resolve: (results: never[]) => void, reject: (error: unknown) => void) {
    this.shape = shape
    this.#resolve = resolve
    this.#reject = reject
  }

  abstract value(index: number, value: unknown): void

  several(index: number, values: PackedResults): void {
    for (let at = 0; at < values.length; at++) this.value(index + at, values[at])
  }

  expect(count: number): void {
    this.results.expect(count)
  }

  failure(_index: number, error: unknown): AfterFailure {
    this.#reject(error)
    return 'end'
  }

  end(): void {
    // The types of the API say what the list has.
    this.#resolve(this.results.take() as never[])
  }

  stopped(): void {
    this.end()
  }

  abort(error: unknown): void {
    this.#reject(error)
  }
}

/** Results in the order of the input. */
class OrderedSink extends ListSink {
  value(index: number, value: unknown): void {
    this.results.set(index, value)
  }

  override several(index: number, values: PackedResults): void {
    this.results.setSeveral(index, values)
  }
}

/** Results as they come. */
class CompletionSink extends ListSink {
  value(index: number, value: unknown): void {
    this.results.set(this.results.length, this.shape.value(index, value))
  }

  override several(index: number, values: PackedResults): void {
    if (this.shape.isPlain) this.results.setSeveral(this.results.length, values)
    else super.several(index, values)
  }
}

/** Results and failures in the order of the input. */
class SettledSink extends ListSink {
  value(index: number, value: unknown): void {
    this.results.set(index, { status: 'fulfilled', value })
  }

  override failure(index: number, reason: unknown): AfterFailure {
    this.results.set(index, { status: 'rejected', reason })
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
