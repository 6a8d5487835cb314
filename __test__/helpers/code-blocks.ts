import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A fenced block of JavaScript or TypeScript in a page. */
export interface CodeBlock {
  /** The file that its first line names (`// name.mjs`), or one made of its number. */
  readonly file: string
  readonly line: number
  readonly source: string
  /** The lines that it prints: those of the `text` block that follows, or of the comments after its `console.log` calls. */
  readonly output: readonly string[]
  /** What the comment before it says: `not run: <reason>`, `ends by SIGTERM` or `writes errors`; '' without one. */
  readonly mark: string
}

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

const LANGUAGES: Readonly<Record<string, string>> = { js: 'mjs', mjs: 'mjs', ts: 'mts', cjs: 'cjs' }
const FENCE = /^```(\w*)$/
const MARK = /^<!-- (not run: .+|ends by SIGTERM|writes errors) -->$/
const NAME = /^\/\/ ([\w.-]+\.(?:[mc]?[jt]s))$/
const PRINTED = /^.*console\.log\(.*\) \/\/ (.*)$/

/** Every page that tells users something. */
export function pages(): readonly string[] {
  const inDocs = readdirSync(new URL('../../docs/', import.meta.url), { recursive: true, encoding: 'utf8' })
  return ['README.md', ...inDocs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)].toSorted()
}

interface Fence {
  readonly language: string
  readonly from: number
  readonly lines: readonly string[]
}

function fencesOf(lines: readonly string[]): readonly Fence[] {
  const fences: Fence[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const language = FENCE.exec(lines[at] ?? '')?.[1]
    if (language === undefined) continue
    const end = lines.indexOf('```', at + 1)
    if (end === -1) throw new Error(`line ${at + 1}: the block has no end`)
    fences.push({ language, from: at, lines: lines.slice(at + 1, end) })
    at = end
  }
  return fences
}

function outputOf(fence: Fence, next: Fence | undefined): readonly string[] {
  const gap = next === undefined ? -1 : next.from - (fence.from + fence.lines.length + 1)
  if (next?.language === 'text' && gap === 2) return next.lines
  return fence.lines.flatMap((line) => PRINTED.exec(line)?.[1] ?? [])
}

/** The blocks of a page, in its order. */
export function codeBlocks(page: string): readonly CodeBlock[] {
  const lines = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8').split('\n')
  const fences = fencesOf(lines)
  return fences.flatMap((fence, at) => {
    const extension = LANGUAGES[fence.language]
    if (extension === undefined) return []
    const file = NAME.exec(fence.lines[0] ?? '')?.[1] ?? `block-${at}.${extension}`
    const mark = MARK.exec(lines[fence.from - 2] ?? '')?.[1] ?? ''
    const source = `${fence.lines.join('\n')}\n`
    return [{ file, line: fence.from + 1, source, output: outputOf(fence, fences[at + 1]), mark }]
  })
}
