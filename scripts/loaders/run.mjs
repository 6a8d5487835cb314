// Runs the package, installed from its tarballs, by every loader, bundler, test runner, package manager and runtime of the table, and writes
// docs/loaders.md.
//
//   npm run loaders [-- --only webpack] [-- --check]
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setUpOrExit } from '../setup.mjs'
import { toPage } from './page.mjs'
import { installTools, makeSite, root } from './site.mjs'

const { values } = parseArgs({
  options: { only: { type: 'string' }, check: { type: 'boolean' }, keep: { type: 'boolean' } }
})
setUpOrExit('0 passed, 1 failed')
installTools()
const { cells } = await import('./cells.mjs')
const { EXPECTED } = await import('./programs.mjs')

const site = makeSite()
const done = []
try {
  for (const cell of cells.filter(({ group, name }) => `${group} ${name}`.includes(values.only ?? ''))) {
    const start = performance.now()
    const { verdict, detail } = await judge(cell)
    done.push({ ...cell, verdict, detail })
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(
      `${verdict.padEnd(8)} ${cell.group}: ${cell.name} (${seconds} s)${verdict === 'fails' ? `\n${detail}\n---` : ''}`
    )
  }
} finally {
  if (values.keep) console.log(site.folder)
  else site.remove()
}

/** The folders have other names in every run. */
function withoutPaths(text) {
  return text.replaceAll(site.folder, '').replace(/(?:file:\/\/)?\/(?:project|empty)-\w+\/(?:[\w.-]+\/)*/g, '')
}

/** Works, or is refused in the words that the cell expects; anything else fails. */
async function judge({ run, refused, notRun }) {
  if (notRun !== undefined) return { verdict: 'not run', detail: notRun }
  let output
  try {
    output = await run(site)
  } catch (error) {
    return { verdict: 'fails', detail: error.stack }
  }
  if (output.startsWith('SKIP ')) return { verdict: 'not run', detail: output.slice(5) }
  if (refused !== undefined) {
    const found = refused.exec(output)?.[0]
    return found === undefined
      ? { verdict: 'fails', detail: output }
      : { verdict: 'refused', detail: withoutPaths(found) }
  }
  return output.includes(EXPECTED) ? { verdict: 'works', detail: '' } : { verdict: 'fails', detail: output }
}

const failed = done.filter(({ verdict }) => verdict === 'fails').length
const page = join(root, 'docs/loaders.md')
if (values.only === undefined && failed === 0) {
  const text = toPage(done, readFileSync(page, 'utf8'))
  if (!values.check) writeFileSync(page, text)
}
console.log(`${done.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
