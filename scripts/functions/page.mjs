// Writes the tables of docs/functions.md of what running gave.
import { readFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { kinds } from './kinds.mjs'
import { expectation, isIn } from './run.mjs'
import { toolWays } from './tool-ways.mjs'
import { ways } from './ways.mjs'

export const page = new URL('../../docs/functions.md', import.meta.url)
/** The versions of Node that the page speaks of. */
export const MAJORS = ['20', '22', '24', '26']

const [open, close] = ['<!-- table -->', '<!-- end of table -->']
const TABLES = {
  node: 'Node itself:',
  builds: 'Transpilers and bundlers:',
  tests: 'Test runners and development servers:'
}
const all = [...ways, ...toolWays]

function wordFor({ refused, isResult }) {
  return refused === undefined ? 'works' : isResult ? 'its result is refused' : 'refused'
}

/** What all versions of Node say, in one cell. */
function join(words) {
  const [first] = words
  if (words.every(({ word }) => word === first?.word)) return first?.word ?? ''
  const different = [...new Set(words.map(({ word }) => word))]
  return different
    .map((word) => `${word} in ${words.flatMap((each) => (each.word === word ? [each.major] : [])).join(', ')}`)
    .join('; ')
}

/** @param {(kind: import('./kinds.mjs').Kind, way: import('./ways.mjs').Way, major: string) => string} wordOf */
function tables(wordOf) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return Object.entries(TABLES).map(([table, title]) => {
    const columns = all.filter((way) => way.table === table)
    const head = ['kind of function', ...columns.map((way) => way.title)]
    const rows = kinds.map((kind) => {
      const cells = columns.map((way) => {
        const majors = MAJORS.filter((major) => isIn(way, `${major}.99`))
        return join(majors.map((major) => ({ major, word: wordOf(kind, way, major) })))
      })
      return line([kind.title, ...cells])
    })
    return [title, '', line(head), line(head.map(() => '---')), ...rows].join('\n')
  })
}

// A kind, where it is refused by another message than elsewhere the ways or versions of Node, the message.
const MESSAGE = /^- (.*?)(?: \(in (.*)\))?: `(.*)`$/

/** @returns {Map<string, { title: string, message: string, places: Set<string> }>} by kind and message, in the order of the tables */
function messagesOf(/** @type {readonly import('./run.mjs').Cell[]} */ cells) {
  const found = new Map()
  for (const kind of kinds) {
    const own = cells.filter((cell) => cell.kind === kind.title && isRefusal(kind, cell))
    const placed = own.map((cell) => ({ ...cell, place: placeOf(kind, cell) }))
    // In ways that change nothing one message stands for all: names may be more or less whole.
    const others = placed.filter((cell) => cell.place !== '')
    const usual = all.map((way) => placed.find((cell) => cell.way === way.title && cell.place === '')).find(Boolean)
    for (const { message, place } of usual === undefined ? others : [usual, ...others]) {
      const key = `${kind.title} ${message}`
      const entry = found.get(key) ?? { title: kind.title, message, places: new Set() }
      if (place !== '') entry.places.add(place)
      found.set(key, entry)
    }
  }
  return found
}

/** Whether a function was refused, rather than its result, of which the codec speaks. */
function isRefusal(kind, { way, node, fault, message }) {
  if (fault !== '' || message === undefined) return false
  return expectation(kind, { title: way }, node.split('.')[0]).isResult !== true
}

/** Where a kind is refused that elsewhere works, or is refused by another message. */
function placeOf(kind, { way, node }) {
  const major = `Node ${node.split('.')[0]}`
  return [way, major].find((place) => kind.except?.[place] !== undefined) ?? ''
}

function lineOf({ title, message, places }) {
  return `- ${title}${places.size === 0 ? '' : ` (in ${[...places].join('; ')})`}: \`${message}\``
}

async function write(parts) {
  const before = readFileSync(page, 'utf8')
  const text = `${before.slice(0, before.indexOf(open))}${open}\n\n${parts.join('\n\n')}\n\n${before.slice(before.indexOf(close))}`
  return format(text, { ...(await resolveConfig(page)), parser: 'markdown' })
}

/**
 * The page, of a run of everything.
 * @param {readonly import('./run.mjs').Cell[]} cells
 */
export async function render(cells) {
  const byPlace = new Map(cells.map((cell) => [`${cell.kind} ${cell.way} ${cell.node.split('.')[0]}`, cell]))
  const wordOf = (kind, way, major) => {
    const cell = byPlace.get(`${kind.title} ${way.title} ${major}`)
    return cell?.fault === '' ? wordFor(expectation(kind, way, major)) : '**fails**'
  }
  return write([...tables(wordOf), 'The messages:', [...messagesOf(cells).values()].map(lineOf).join('\n')])
}

/**
 * The page as it would be if everything is as expected, with the messages of a part of it.
 * @param {readonly import('./run.mjs').Cell[]} cells
 */
export async function renderExpected(cells) {
  const made = [...messagesOf(cells).values()]
  const ran = new Set(cells.map(({ way }) => way))
  const shown = readFileSync(page, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, title, places, message = ''] = MESSAGE.exec(line) ?? []
      return title === undefined ? [] : [{ line, title, message, places: places?.split('; ') ?? [] }]
    })
  const lines = kinds.flatMap(({ title }) => {
    // What was not run stays as it is.
    const kept = shown.filter((each) => each.title === title && each.places.some((place) => !ran.has(place)))
    const run = made.filter((each) => each.title === title && !kept.some(({ message }) => message === each.message))
    return [...run.map(lineOf), ...kept.map(({ line }) => line)]
  })
  const wordOf = (kind, way, major) => wordFor(expectation(kind, way, major))
  return write([...tables(wordOf), 'The messages:', lines.join('\n')])
}
