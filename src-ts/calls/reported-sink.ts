import type { PackedResults } from '../codec/index.js'
import type { TaskReports } from '../diagnostics/index.js'
import type { AfterFailure, RunningCall, Sink } from './sink.js'

/** Reports how tasks end, on their way to the sink of the call. Only calls that somebody listens to have one. */
class ReportedSink implements Sink {
  readonly #sink: Sink
  readonly #reports: TaskReports
  #error: unknown

  constructor(sink: Sink, reports: TaskReports) {
    this.#sink = sink
    this.#reports = reports
  }

  get unread(): number {
    return this.#sink.unread
  }

  total(count: number | undefined): void {
    this.#sink.total?.(count)
  }

  begin(call: RunningCall): void {
    this.#sink.begin?.(call)
  }

  expect(count: number): void {
    this.#sink.expect?.(count)
  }

  value(index: number, value: unknown): void {
    this.#reports.ended(index)
    this.#sink.value(index, value)
  }

  several(index: number, values: PackedResults): void {
    for (let at = 0; at < values.length; at++) this.#reports.ended(index + at)
    this.#sink.several(index, values)
  }

  failure(index: number, error: unknown): AfterFailure {
    this.#reports.failed(index, error)
    const next = this.#sink.failure(index, error)
    if (next === 'end') this.#error = error
    return next
  }

  end(): void {
    this.#sink.end()
  }

  stopped(error: unknown): void {
    this.#error = error
    this.#sink.stopped(error)
  }

  abort(error: unknown): void {
    this.#error = error
    this.#sink.abort(error)
  }

  closed(): void {
    this.#reports.closed(this.#error)
    this.#sink.closed?.()
  }
}

/** The sink of a call, with its reports if it has any. */
export function withReports(sink: Sink, reports: TaskReports | undefined): Sink {
  return reports === undefined ? sink : new ReportedSink(sink, reports)
}
