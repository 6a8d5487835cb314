// Runs a program of the table and judges what it wrote.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kinds } from './kinds.mjs'
import { OUTPUT } from './programs.mjs'

const PATIENCE_MS = 120_000

/**
 * What a kind is to give in a way of running.
 * @param {import('./kinds.mjs').Kind} kind
 * @param {import('./ways.mjs').Way} way
 * @param {string} major version of Node
 */
export function expectation(kind, { title }, major) {
  const { except, ...usual } = kind
  const other = except?.[title] ?? except?.[`Node ${major}`]
  return other === undefined ? usual : { title: kind.title, ...other }
}

/**
 * Whether a version of Node has a way of running.
 * @param {Pick<import('./ways.mjs').Way, 'since'>} way
 * @param {string} version
 */
export function isIn({ since: [major, minor] = [0, 0] }, version) {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

/** @returns {string} empty where it is as it should be */
function judge(expected, { isMinified }, line) {
  if (line === undefined) return 'did not end'
  if (expected.refused === undefined) {
    const isRight = line.message === undefined && JSON.stringify(line.result) === JSON.stringify(expected.result)
    return isRight ? '' : JSON.stringify(line)
  }
  const isRenamed = isMinified === true && /^[\w$]{1,2}$/.test(line.variable)
  const names = isRenamed || line.variable?.startsWith(expected.refused) || line.message?.includes(expected.refused)
  const [code, ran] = expected.isResult ? ['ERR_POOL_NOT_SERIALIZABLE', 1] : ['ERR_POOL_FUNCTION', 0]
  return line.code === code && names && line.ran === ran ? '' : JSON.stringify(line)
}

/**
 * @typedef {object} Cell
 * @property {string} kind
 * @property {string} way
 * @property {string} node its version
 * @property {string} fault empty where it is as expected
 * @property {string | undefined} message of the refusal
 */

/**
 * Runs every kind of function in one way.
 * @param {import('./ways.mjs').Way} way
 * @param {{ readonly program: string, readonly version: string }} node
 * @param {ReturnType<typeof import('./places.mjs').makeSite>} site
 * @returns {Promise<Cell[]>}
 */
export async function runWay(way, node, site) {
  const place = site.makeFolder()
  const { args, input = '', keepsInput, env = {} } = await way.prepare(place)
  const inherited = { ...process.env, NODE_OPTIONS: '' }
  for (const name of Object.keys(inherited))
    if (/^(NODE_TEST_CONTEXT|AVA_.*|NODE_CHANNEL.*)$/.test(name)) delete inherited[name]
  const options = { cwd: place.folder, env: { ...inherited, ...env }, timeout: PATIENCE_MS }
  const child = spawn(node.program, args, options)
  const said = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => said.push(text))
  child.stdin.on('error', () => undefined).write(input)
  if (keepsInput !== true) child.stdin.end()
  await once(child, 'close')
  const output = join(place.folder, OUTPUT)
  const text = existsSync(output) ? readFileSync(output, 'utf8') : ''
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  return kinds.map((kind, at) => {
    const fault = judge(expectation(kind, way, node.version.split('.')[0]), way, lines[at])
    const why = fault === 'did not end' ? `${fault}: ${said.join('').slice(-1500)}` : fault
    return { kind: kind.title, way: way.title, fault: why, node: node.version, message: lines[at]?.message }
  })
}
