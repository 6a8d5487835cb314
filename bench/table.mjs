/** Three significant digits, without an exponent. */
export function format(value) {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}

/** How many times better `ours` is than `theirs`. */
function advantage(ours, theirs, better) {
  return better === 'less' ? theirs / ours : ours / theirs
}

/**
 * Rows of measurements, columns of peers; behind each peer's value, how many times better millrace is.
 *
 * @param {readonly { measurement: { key: string, title: string, unit: string, better: string }, medians: Map<string, number> }[]} results
 * @returns {string[][]} the first row is the head
 */
export function tableOf(results) {
  const peers = [...new Set(results.flatMap(({ medians }) => [...medians.keys()]))]
  const rows = results.map(({ measurement, medians }) => {
    const ours = medians.get('millrace')
    const cells = peers.map((peer) => {
      const value = medians.get(peer)
      if (value === undefined) return '-'
      if (peer === 'millrace' || ours === undefined) return format(value)
      return `${format(value)} (${format(advantage(ours, value, measurement.better))}x)`
    })
    return [`${measurement.title}, ${measurement.unit}`, ...cells]
  })
  return [['what', ...peers], ...rows]
}

/** Lines as prettier would write them, so that the table can be pasted into a page. */
export function toMarkdown(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n')
}
