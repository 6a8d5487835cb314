// Writes the tables into docs/loaders.md, between its marks.
const MARKS = /(<!-- begin of the generated tables -->\n)[\s\S]*(<!-- end of the generated tables -->)/

const escape = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').trim()

/**
 * @param {readonly { group: string, name: string, verdict: string, detail: string, note?: string }[]} cells
 * @param {string} page its present text
 */
export function toPage(cells, page) {
  const groups = Map.groupBy === undefined ? group(cells) : Map.groupBy(cells, (cell) => cell.group)
  const tables = Array.from(groups, ([name, members]) => {
    const rows = members.map((cell) => [
      cell.name,
      cell.verdict,
      escape([cell.note, cell.detail].filter(Boolean).join('; '))
    ])
    const table = [['with', 'result', 'remarks'], ...rows]
    const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column].length)))
    const line = (row) => `| ${row.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`
    const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
    return [`### ${name}`, '', line(table[0]), rule, ...table.slice(1).map(line), ''].join('\n')
  })
  const head = `Node ${process.versions.node}, ${process.platform}-${process.arch}.\n`
  return page.replace(MARKS, (_all, begin, end) => `${begin}\n${head}\n${tables.join('\n')}\n${end}`)
}

function group(cells) {
  const groups = new Map()
  for (const cell of cells) groups.set(cell.group, [...(groups.get(cell.group) ?? []), cell])
  return groups
}
