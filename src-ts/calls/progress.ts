import type { Numbers } from '../codec/index.js'
import { Math, clearTimeout, monotonicMs, setTimeout } from '../primordials.js'
import type { Progress } from '../types/index.js'
import type { AfterFailure, RunningCall, Sink } from './sink.js'

/** Milliseconds between two reports. */
const INTERVAL_MS = 100
/** The rate is that of the last so many reports: three seconds. */
const SAMPLES = 30

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
  readonly #report: (progress: Progress) => void
  #call: RunningCall | undefined
  #timer: NodeJS.Timeout | undefined
  #total: number | undefined
  #done = 0
  #failed = 0
  #isOver = false
  readonly #samples: Sample[] = []

  /** @param report If it throws, the call fails with what it has thrown. */
  constructor(sink: Sink, report: (progress: Progress) => void) {
    this.#sink = sink
    this.#report = report
  }

  get unread(): number {
    return this.#sink.unread
  }

  total(count: number | undefined): void {
    this.#total = count
  }

  begin(call: RunningCall): void {
    this.#call = call
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

  numbers(index: number, numbers: Numbers): void {
    this.#done += numbers.length
    this.#sink.numbers(index, numbers)
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
    const thrown = this.#tell(this.#recent())
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

  #tell(rate: number): { readonly error: unknown } | undefined {
    try {
      this.#report({ done: this.#done, total: this.#total, failed: this.#failed, rate })
      return undefined
    } catch (error) {
      return { error }
    }
  }

  /** Reports for the last time, if the call has begun. */
  #finish(): { readonly error: unknown } | undefined {
    clearTimeout(this.#timer)
    if (this.#isOver) return undefined
    this.#isOver = true
    return this.#call === undefined ? undefined : this.#tell(this.#recent())
  }
}

/** The sink of a call, which tells `report` of its progress if there is one. */
export function withProgress(sink: Sink, report: ((progress: Progress) => void) | undefined): Sink {
  return report === undefined ? sink : new ProgressSink(sink, report)
}
