import type { PackedResults } from '../codec/index.js'
import { Math, clearTimeout, monotonicMs, setTimeout } from '../primordials.js'
import { loadOnDemand } from '../entry/load-on-demand.js'
import type { MapSettings } from '../options/index.js'
import type { Progress } from '../types/index.js'
import type { AfterFailure, RunningCall, Sink } from './sink.js'

/** Milliseconds between two reports. */
const INTERVAL_MS = 100
/** The rate is that of the last so many reports: three seconds. */
const SAMPLES = 30

/** Is told how far a call is. If it throws, the call fails with what it has thrown. */
type Listener = (progress: Progress, isOver: boolean) => void

interface Sample {
  readonly ms: number
  readonly done: number
}

/**
 * Counts the items of a call that are done, on their way to the sink of the call, and reports the counts: ten times a second, and once at
 * the end. Only calls with a listener have one.
 */
class ProgressSink implements Sink {
  readonly #sink: Sink
  readonly #openListeners: () => readonly Listener[]
  #listeners: readonly Listener[] = []
  #call: RunningCall | undefined
  #timer: NodeJS.Timeout | undefined
  #total: number | undefined
  #done = 0
  #failed = 0
  #isOver = false
  readonly #samples: Sample[] = []

  /** @param openListeners Is called when the call begins. */
  constructor(sink: Sink, openListeners: () => readonly Listener[]) {
    this.#sink = sink
    this.#openListeners = openListeners
  }

  get unread(): number {
    return this.#sink.unread
  }

  total(count: number | undefined): void {
    this.#total = count
  }

  begin(call: RunningCall): void {
    this.#call = call
    this.#sink.begin?.(call)
    this.#listeners = this.#openListeners()
    this.#samples.push({ ms: monotonicMs(), done: 0 })
    this.#wait()
  }

  expect(count: number): void {
    this.#sink.expect?.(count)
  }

  value(index: number, value: unknown): void {
    this.#done++
    this.#sink.value(index, value)
  }

  several(index: number, values: PackedResults): void {
    this.#done += values.length
    this.#sink.several(index, values)
  }

  failure(index: number, error: unknown): AfterFailure {
    this.#done++
    this.#failed++
    const next = this.#sink.failure(index, error)
    if (next === 'end') this.closed()
    return next
  }

  end(): void {
    this.#total = this.#done
    const thrown = this.#finish()
    if (thrown === undefined) this.#sink.end()
    else this.#sink.abort(thrown.error)
  }

  stopped(error: unknown): void {
    this.closed()
    this.#sink.stopped(error)
  }

  abort(error: unknown): void {
    this.closed()
    this.#sink.abort(error)
  }

  /** The call has ended in whatever way. If it has an error of its own, that one counts and not what the listener throws now. */
  closed(): void {
    this.#finish()
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.#tick(), INTERVAL_MS)
    this.#timer.unref()
  }

  #tick(): void {
    const thrown = this.#tell(false)
    if (this.#isOver) return
    if (thrown === undefined) this.#wait()
    else this.#call?.abort(thrown.error, false)
  }

  /** Items per second since the oldest sample. */
  #recent(): number {
    const rate = this.#rateSince(this.#samples[0])
    this.#samples.push({ ms: monotonicMs(), done: this.#done })
    if (this.#samples.length > SAMPLES) this.#samples.shift()
    return rate
  }

  #rateSince(sample: Sample | undefined): number {
    if (sample === undefined) return 0
    return ((this.#done - sample.done) / Math.max(monotonicMs() - sample.ms, 1)) * 1000
  }

  /** @returns what the first listener that throws has thrown */
  #tell(isOver: boolean): { readonly error: unknown } | undefined {
    const progress = { done: this.#done, total: this.#total, failed: this.#failed, rate: this.#recent() }
    let thrown: { readonly error: unknown } | undefined
    for (const listener of this.#listeners) {
      try {
        listener(progress, isOver)
      } catch (error) {
        thrown ??= { error }
      }
    }
    return thrown
  }

  /** Reports for the last time, if the call has begun. */
  #finish(): { readonly error: unknown } | undefined {
    clearTimeout(this.#timer)
    if (this.#isOver) return undefined
    this.#isOver = true
    return this.#tell(true)
  }
}

/** The sink of a call, with its progress bar and its listener if it has any. */
export function withProgress(
  sink: Sink,
  { onProgress, progressBar }: Pick<MapSettings, 'onProgress' | 'progressBar'>,
  isWorker: boolean
): Sink {
  if (onProgress === undefined && progressBar === undefined) return sink
  return new ProgressSink(sink, () => [
    ...(progressBar === undefined ? [] : [loadOnDemand().openBar(progressBar, isWorker)]),
    ...(onProgress === undefined ? [] : [(progress: Progress) => onProgress(progress)])
  ])
}
