// What a run says at its end: the table, or all numbers as one JSON document; and the table into a page.
import { cpus, loadavg } from 'node:os'
import { notesOf, ratiosOf, tableOf, targetText, toMarkdown } from './table.mjs'
import { median, spread } from './timing.mjs'

/** One document: the machine, the run, and each row with all its samples. */
function documentOf(results, machine) {
  const rows = results.map((result) => {
    const { row, samples, failures, note } = result
    const values = [...samples].map(([name, runs]) => [name, { median: median(runs), spread: spread(runs), runs }])
    return {
      key: row.key,
      title: row.title,
      unit: row.unit,
      better: row.better,
      target: targetText(row),
      values: Object.fromEntries(values),
      failures: Object.fromEntries(failures),
      ratios: ratiosOf(result),
      note
    }
  })
  return { ...machine, rows }
}

/**
 * @param {readonly import('./measure.mjs').Result[]} results
 * @param {readonly import('./peers.mjs').Peer[]} peers
 * @param {{ workers: number, runs: number, quick: boolean, load: boolean, json: boolean, write?: string }} options
 */
export async function report(results, peers, { workers, runs, quick, load, json, write }) {
  const machine = {
    node: process.versions.node,
    cpus: cpus().length,
    model: cpus()[0].model,
    loadAverage: loadavg(),
    date: new Date().toISOString().slice(0, 10),
    workers,
    runs,
    quick,
    load
  }
  if (json) {
    console.log(JSON.stringify(documentOf(results, machine), undefined, 2))
    return
  }
  const names = peers.map(({ name }) => name)
  const table = toMarkdown(tableOf(results, names))
  const notes = notesOf(results, names)
  const foot =
    `${workers} workers each; median of ${runs} ${runs === 1 ? 'round' : 'rounds'}${quick ? ' of a smoke run' : ''} and half of the distance between the least and ` +
    `the greatest. Node ${machine.node}, ${machine.cpus} CPUs (${machine.model}), load average ` +
    `${machine.loadAverage.map((value) => value.toFixed(1)).join(' ')}, ${machine.date}.`
  const text = [table, ...(notes.length > 0 ? [notes.map((line) => `- ${line}`).join('\n')] : []), foot].join('\n\n')
  console.log(`\n${text}`)
  if (write === undefined) return
  const { writeSection } = await import('../scripts/reliability.mjs')
  await writeSection('bench', text, write)
}
