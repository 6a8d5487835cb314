import { Math, String } from '../primordials.js'
import type { Progress } from '../types/index.js'

/** What a bar shows of a call. */
export interface Shown {
  readonly description: string
  readonly progress: Progress
  /** Since the call has begun. */
  readonly elapsedMs: number
  /** Whether the call has ended. */
  readonly isOver: boolean
}

const LONGEST_BAR = 40
const SHORTEST_BAR = 10
/** A minute, an hour and a day, in seconds. */
const [MINUTE, HOUR, DAY] = [60, 3600, 86_400]

function time(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < MINUTE) return `${whole} s`
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} min`
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`
}

function perSecond(rate: number): string {
  if (rate >= 10_000) return `${Math.round(rate / 1000)}k/s`
  return rate >= 10 ? `${Math.round(rate)}/s` : `${rate.toFixed(1)}/s`
}

function countsOf({ done, total }: Progress): string {
  return total === undefined ? String(done) : `${done}/${total}`
}

/** The parts of a line, the most important one first. */
function partsOf({ progress, elapsedMs, isOver }: Shown): readonly string[] {
  const { done, total, failed, rate } = progress
  const parts = [countsOf(progress)]
  if (failed > 0) parts.push(`${failed} failed`)
  if (isOver) return [...parts, `in ${time(elapsedMs / 1000)}`, perSecond((done / Math.max(elapsedMs, 1)) * 1000)]
  if (total !== undefined && rate > 0) parts.push(`${time((total - done) / rate)} left`)
  parts.push(perSecond(rate))
  return parts
}

function percentOf({ done, total }: Progress): number | undefined {
  if (total === undefined) return undefined
  return total === 0 ? 100 : Math.min(Math.floor((100 * done) / total), 100)
}

/** A line for a log. */
export function lineText(shown: Shown): string {
  const { description, progress } = shown
  const percent = percentOf(progress)
  const parts = percent === undefined ? partsOf(shown) : [`${percent} %`, ...partsOf(shown)]
  return `${description}: ${parts.join(', ')}`
}

function drawBar(share: number, width: number): string {
  const full = Math.floor(share * width)
  return `|${'█'.repeat(full)}${'░'.repeat(width - full)}|`
}

/** A line with a bar. It has at most `columns` characters: what finds no room is left out, the least important part first. */
export function barText(shown: Shown, columns: number): string {
  const { description, progress } = shown
  const percent = percentOf(progress)
  const parts = [...partsOf(shown)]
  const head = percent === undefined ? description : `${description} ${String(percent).padStart(3)} %`
  const lengthOf = (): number => head.length + 1 + parts.join(', ').length
  while (parts.length > 1 && lengthOf() > columns) parts.pop()
  const room = columns - lengthOf() - 3
  const bar =
    percent === undefined || room < SHORTEST_BAR ? '' : ` ${drawBar(percent / 100, Math.min(room, LONGEST_BAR))}`
  return `${head}${bar} ${parts.join(', ')}`.slice(0, Math.max(columns, 1))
}
