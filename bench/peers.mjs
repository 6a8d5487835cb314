// Who is measured, and how the process of each is started.
import { fileURLToPath } from 'node:url'

const script = (name) => fileURLToPath(new URL(`peers/${name}`, import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

export const OURS = 'millrace'
export const BEFORE = 'ours-before'

/**
 * @typedef {object} Peer
 * @property {string} name as the table shows it
 * @property {string} is what it runs on, for the table's foot
 * @property {'node' | 'python'} language
 * @property {number} enough as many empty tasks of a `map` measure it: a rate does not depend on the count, the time does
 * @property {string} [root] of the build that is measured, for ours
 * @property {(workers: number) => readonly string[]} command what starts its process
 */

/** @returns {Peer} */
function node(name, is, file = name, from = root) {
  return {
    name,
    is,
    language: 'node',
    enough: file === OURS ? 1e6 : 5000,
    root: from,
    command: (workers) => [process.execPath, script('driver.mjs'), file, String(workers), from]
  }
}

/** @returns {Peer} */
function python(interpreter, name, enough) {
  const command = (workers) => [interpreter, script('pools.py'), name, String(workers)]
  return { name, is: 'processes of Python', language: 'python', enough, command }
}

/**
 * @param {{ python?: string, before?: string }} found the interpreter, and the root of an earlier build
 * @returns {readonly Peer[]}
 */
export function peersOf({ python: interpreter, before }) {
  const ours = [node(OURS, 'processes')]
  if (before !== undefined) ours.push(node(BEFORE, 'processes', OURS, before))
  const others = [
    node('fork', 'processes'),
    node('piscina', 'threads'),
    node('tinypool', 'processes'),
    node('workerpool', 'processes'),
    node('poolifier', 'processes of node:cluster'),
    node('jest-worker', 'processes')
  ]
  if (interpreter === undefined) return [...ours, ...others]
  return [
    ...ours,
    ...others,
    python(interpreter, 'multiprocessing.Pool', 1e6),
    python(interpreter, 'concurrent.futures', 2500),
    python(interpreter, 'loky', 2500),
    python(interpreter, 'MPIRE', 50_000)
  ]
}

/** The codec of a build, beside others; its sources are TypeScript. @param {string} [from] the root of the build */
export function codecsOf(from = root) {
  const command = (workers) => [
    process.execPath,
    '--import=@oxc-node/core/register',
    script('driver.mjs'),
    'codecs',
    String(workers),
    from
  ]
  return { name: `codecs ${from}`, is: 'a process', language: 'node', enough: 0, command }
}

/** Processes without a pool: the work itself, in each language. @returns {readonly Peer[]} */
export function barePeersOf({ python: interpreter }) {
  const bare = [node('bare', 'processes')]
  return interpreter === undefined ? bare : [...bare, python(interpreter, 'bare', 1e6)]
}
