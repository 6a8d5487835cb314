// Writes what was measured into a page, docs/reliability.md unless another is named, between the markers of its section.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from './setup.mjs'

/**
 * @param {string} section its markers are `<!-- begin section -->` and `<!-- end section -->`
 * @param {string} markdown what comes between them
 * @param {string} [name] the page, from the root or absolute
 */
export async function writeSection(section, markdown, name = 'docs/reliability.md') {
  const page = resolve(root, name)
  const [begin, end] = ['begin', 'end'].map((edge) => `<!-- ${edge} ${section} -->`)
  const text = readFileSync(page, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`${name} has no section ${section}`)
  const whole = `${text.slice(0, from)}${begin}\n\n${markdown}\n\n${text.slice(to)}`
  // Not at the top: who imports this may have to install the packages first.
  const { format } = await import('prettier')
  const style = JSON.parse(readFileSync(join(root, '.prettierrc.json'), 'utf8'))
  writeFileSync(page, await format(whole, { ...style, parser: 'markdown' }))
}

/** A table in Markdown; the first row is its head. @param {readonly (readonly string[])[]} rows */
export function toTable([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
