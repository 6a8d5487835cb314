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
/** The columns of a space and the two ends of a bar. */
const BAR_FRAME = 3
const SHORTEST_DESCRIPTION = 8
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

/** How many columns a text may take: characters beyond Korean Jamo are often two wide. */
function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += character > '\u10ff' ? 2 : 1
  return width
}

/** The beginning of a text, if it is wider than so many columns. */
function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let start = ''
  let room = columns - 1
  for (const character of text) {
    room -= widthOf(character)
    if (room < 0) break
    start += character
  }
  return `${start}…`
}

/**
 * A line with a bar. It takes at most so many columns. If there is not room for all, a long description is cut to a third of the line, and
 * then parts are left out, the least important one first.
 */
export function barText(shown: Shown, columns: number): string {
  const percent = percentOf(shown.progress)
  const parts = [...partsOf(shown)]
  const number = percent === undefined ? '' : ` ${String(percent).padStart(3)} %`
  const spaceFor = (description: string): number =>
    columns - widthOf(description) - number.length - 1 - parts.join(', ').length
  const wanted = percent === undefined ? 0 : SHORTEST_BAR + BAR_FRAME
  const description =
    spaceFor(shown.description) >= wanted
      ? shown.description
      : cut(shown.description, Math.max(Math.floor(columns / 3), SHORTEST_DESCRIPTION))
  while (parts.length > 1 && spaceFor(description) < 0) parts.pop()
  const room = spaceFor(description) - BAR_FRAME
  const bar =
    percent === undefined || room < SHORTEST_BAR ? '' : ` ${drawBar(percent / 100, Math.min(room, LONGEST_BAR))}`
  return cut(`${description}${number}`, columns - 1 - (parts[0] ?? '').length) + bar + ` ${parts.join(', ')}`
}
