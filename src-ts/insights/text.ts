import { Math, process, String } from '../primordials.js'
import type { Distribution, Insights, TimeParts } from '../types/index.js'

const PARTS: readonly (readonly [name: string, part: keyof TimeParts<unknown>])[] = [
  ['start-up', 'startUpTime'],
  ['init', 'initTime'],
  ['waiting', 'waitingTime'],
  ['working', 'workingTime'],
  ['exit', 'exitTime']
]
/** The columns of the longest bar. */
const BAR = 40
/** The most lines of a histogram. */
const BARS = 12
const EIGHTHS = ' ▏▎▍▌▋▊▉'
/** Below it, the workers spend much of their time on something else than tasks. */
const GOOD_RATIO = 0.8

/** A time in the unit in which it has the fewest digits. */
function time(milliseconds: number): string {
  if (milliseconds === 0) return '0'
  if (milliseconds < 1) return `${digits(milliseconds * 1000)} µs`
  if (milliseconds < 1000) return `${digits(milliseconds)} ms`
  return milliseconds < 100_000 ? `${digits(milliseconds / 1000)} s` : `${Math.round(milliseconds / 1000)} s`
}

function bytes(count: number): string {
  if (count < 1024) return `${count} B`
  if (count < 1024 ** 2) return `${digits(count / 1024)} KiB`
  return count < 1024 ** 3 ? `${digits(count / 1024 ** 2)} MiB` : `${digits(count / 1024 ** 3)} GiB`
}

function digits(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`
}

/** Lines with columns of equal width, the first one aligned left and the others right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  )
}

function bar(part: number): string {
  const eighths = Math.round(part * BAR * 8)
  const text = '█'.repeat(eighths >> 3) + (eighths % 8 === 0 ? '' : (EIGHTHS[eighths % 8] ?? ''))
  // The smallest count is seen too.
  return text === '' ? '▏' : text
}

/** A line for each doubling of the time, or for several of them, so that there are few lines. */
function histogramLines({ histogram }: Distribution): string[] {
  const [first] = histogram
  const last = histogram.at(-1)
  if (first === undefined || last === undefined) return []
  // The first bucket begins at 0.
  const lowest = Math.floor(Math.log2(Math.max(first[0], first[1] / 2)))
  const step = Math.ceil((Math.floor(Math.log2(last[0])) - lowest + 1) / BARS) || 1
  const sums: number[] = []
  for (const [from, , count] of histogram) {
    const line = from === 0 ? 0 : Math.floor((Math.floor(Math.log2(from)) - lowest) / step)
    for (let missing = sums.length; missing <= line; missing++) sums.push(0)
    sums[line] = (sums[line] ?? 0) + count
  }
  const most = Math.max(...sums)
  const label = (line: number): string => time(2 ** (lowest + line * step))
  const width = Math.max(...sums.map((_, line) => label(line).length))
  return sums.map((count, line) =>
    `  from ${label(line).padStart(width)}  ${count === 0 ? '' : `${bar(count / most)} ${count}`}`.trimEnd()
  )
}

function distribution(name: string, times: Distribution): string[] {
  const { count, mean, p50, p90, p99, p999, max } = times
  return count === 0 ? [] : [name, String(count), ...[mean, p50, p90, p99, p999, max].map(time)]
}

/** The text of `printInsights`. */
export function describeInsights(insights: Insights): string {
  if (!insights.enabled) return 'No insights: make the pool with enableInsights: true.\n'
  const { tasks, failed, totalTime, workers, workingTime, taskTime, queueTime, slowestTasks } = insights
  const lines = [
    `${tasks} tasks (${failed} failed), ${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}, ${time(totalTime)} of their time`
  ]
  if (tasks > 0 && workingTime.ratio < GOOD_RATIO) lines.push('Less than 80 % of the time was spent on tasks.')
  lines.push(
    '',
    ...table([
      ['', 'total', 'share', 'mean', 'std'],
      ...PARTS.map(([name, part]) => {
        const { total, ratio, mean, std } = insights[part]
        return [name, time(total), percent(ratio), time(mean), time(std)]
      })
    ]),
    '',
    ...table([
      ['worker', 'tasks', 'failed', ...PARTS.map(([name]) => name), 'CPU'],
      ...workers.map((worker) => [
        `${worker.id}${worker.processes > 1 ? ` (${worker.processes} processes)` : ''}`,
        String(worker.tasks),
        String(worker.failed),
        ...PARTS.map(([, part]) => time(worker[part])),
        time(worker.cpuTime)
      ])
    ]),
    '',
    ...table([
      ['worker', 'bytes in', 'bytes out', 'peak memory'],
      ...workers.map(({ id, bytesIn, bytesOut, peakMemory }) => [
        String(id),
        bytes(bytesIn),
        bytes(bytesOut),
        bytes(peakMemory)
      ])
    ])
  )
  const distributions = [distribution('a task ran', taskTime), distribution('a chunk waited', queueTime)]
  const some = distributions.filter((row) => row.length > 0)
  if (some.length > 0) {
    lines.push('', ...table([['', 'count', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'max'], ...some]))
  }
  if (taskTime.count > 0) lines.push('', 'tasks by time:', ...histogramLines(taskTime))
  if (slowestTasks.length > 0) {
    lines.push('', 'the slowest tasks:')
    for (const { time: elapsed, index, item, workerId } of slowestTasks) {
      lines.push(`  ${time(elapsed)}  item ${index}: ${item} (worker ${workerId})`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** Writes the text to the standard output. As with `console.log`, a reader that is gone is no error of the program. */
export function printInsights(insights: Insights): void {
  const { stdout } = process
  const ignore = (): void => {}
  stdout.once('error', ignore)
  // The event comes after the callback.
  stdout.write(describeInsights(insights), (error) => {
    if (error === null || error === undefined) stdout.off('error', ignore)
  })
}
