// The table of design: a line for each target, a column for each peer.
import { BEFORE, OURS } from './peers.mjs'
import { NOT_THERE } from './rows/row.mjs'
import { median, spread } from './timing.mjs'

/** Three significant digits, without an exponent. */
export function format(value) {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}

/** `21.5 ±4%` */
function cell(values) {
  return values.length < 2 ? format(median(values)) : `${format(median(values))} ±${Math.round(100 * spread(values))}%`
}

function failureCell(why) {
  if (why === NOT_THERE) return why
  return why.startsWith('no answer') ? 'hung' : 'failed'
}

/** The name of the best of some peers. */
function bestOf(names, { row, samples }) {
  const measured = names.filter((name) => samples.has(name))
  const sorted = measured.toSorted((a, b) => median(samples.get(a)) - median(samples.get(b)))
  return row.better === 'less' ? sorted[0] : sorted.at(-1)
}

/** Ours through theirs, round by round, so that what slows the machine down for a while slows both. */
export function ratioOf(ours, theirs) {
  if (ours.length !== theirs.length) return median(ours) / median(theirs)
  return median(ours.map((value, round) => value / theirs[round]))
}

/** What a target compares with, in words. */
function wordsOf({ than, words }) {
  return words ?? (Array.isArray(than) ? `the best of ${than.join(', ')}` : than)
}

/** @returns {string} `4x multiprocessing.Pool`, `at most 0.3 µs` */
export function targetText({ targets, unit, better }) {
  const each = targets.map((target) => {
    const bound = better === 'less' ? 'at most' : 'at least'
    if (target.than === undefined) return `${bound} ${format(target.factor)} ${unit}`
    return `${target.factor}x ${wordsOf(target)}`
  })
  return each.join(', ')
}

/**
 * @param {import('./measure.mjs').Result} result
 * @returns {{ than?: string, wanted: number, ratio: number, isMet: boolean }[]} one for each target whose peer was measured
 */
export function ratiosOf(result) {
  const { row, samples } = result
  const ours = samples.get(OURS)
  if (ours === undefined) return []
  return row.targets.flatMap(({ than, factor }) => {
    const name = Array.isArray(than) ? bestOf(than, result) : than
    if (than !== undefined && !samples.has(name)) return []
    const ratio = than === undefined ? median(ours) : ratioOf(ours, samples.get(name))
    return [{ than: name, wanted: factor, ratio, isMet: row.better === 'less' ? ratio <= factor : ratio >= factor }]
  })
}

/** `0.31x piscina, 0.21x fork`; a target that was missed says so. */
function ratioText(result) {
  const each = ratiosOf(result).map(({ than, ratio, isMet }) => {
    const words = than === undefined ? '' : `${format(ratio)}x ${than} `
    return `${words}(${isMet ? 'met' : 'missed'})`
  })
  const [ours, before] = [OURS, BEFORE].map((name) => result.samples.get(name))
  if (ours !== undefined && before !== undefined && median(before) > 0)
    each.push(`${format(ratioOf(ours, before))}x before`)
  return each.join(', ') || '-'
}

/**
 * @param {readonly import('./measure.mjs').Result[]} results
 * @param {readonly string[]} peers the columns
 * @returns {string[][]} the first row is the head
 */
export function tableOf(results, peers) {
  const lines = results.map((result) => {
    const { row, samples, failures } = result
    const cellOf = (name) => {
      if (failures.has(name)) return failureCell(failures.get(name))
      return samples.has(name) ? cell(samples.get(name)) : '-'
    }
    return [
      `${row.title}, ${row.unit}`,
      targetText(row) || '-',
      ...peers.map(cellOf),
      result.note ?? ratioText(result),
      cellOf('limit')
    ]
  })
  return [['what', 'target', ...peers, 'ratio', 'limit'], ...lines]
}

/** What has no cell: who failed and why, and what has no column. @returns {string[]} */
export function notesOf(results, peers) {
  return results.flatMap(({ row, samples, failures }) => {
    const failed = [...failures]
      .filter(([, why]) => why !== NOT_THERE)
      .map(([name, why]) => `${row.key}, ${name}: ${why}`)
    const others = [...samples].filter(([name]) => name !== 'limit' && !peers.includes(name))
    if (others.length === 0) return failed
    const listed = others.map(([name, values]) => `${name} ${cell(values)}`).join(', ')
    return [...failed, `${row.key}, in ${row.unit}: ${listed}`]
  })
}

/** Lines as prettier would write them, so that the table can be pasted into a page. */
export function toMarkdown(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  const line = (cells) => `| ${cells.map((text, i) => text.padEnd(widths[i])).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n')
}
