import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import test from 'ava'

import { within } from './helpers/within.js'

const index = fileURLToPath(new URL('../dist/index.js', import.meta.url))

test('a pool works in the REPL, where a global is called domain', async (t) => {
  const child = spawn(process.execPath, ['--no-warnings', '-i'], { stdio: ['pipe', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  const take = (chunk: Buffer): void => void (output += chunk.toString())
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  child.stdin.write(`const { WorkerPool } = require(${JSON.stringify(index)})
const pool = new WorkerPool({ nJobs: 1 })
void pool.map((x) => x * 2, [1, 2, 3]).then(async (list) => {
  console.log('list', list.join(), await pool.apply((x) => x + 1, [7]))
  await pool.stopAndJoin()
  process.exit(3)
})
`)
  const [code] = (await within(once(child, 'exit'), 'the REPL stays')) as [number | null]
  t.is(code, 3, output)
  t.regex(output, /list 2,4,6 8/)
})

test('functions, classes and variables typed into the REPL can be sent', async (t) => {
  const child = spawn(process.execPath, ['--no-warnings', '-i'], { stdio: ['pipe', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  const take = (chunk: Buffer): void => void (output += chunk.toString())
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  child.stdin.write(`const { WorkerPool } = require(${JSON.stringify(index)})
const pool = new WorkerPool({ nJobs: 1 })
const factor = 3
let offset = 1
var shift = 10
class Scale { by(x) { return x * factor } }
function scale(x) { return new Scale().by(x) + shift }
offset = 2
void pool.map((x) => scale(x) + offset + path.sep.length, [1, 2]).then(async (list) => {
  console.log('list', list.join())
  await pool.stopAndJoin()
  process.exit(3)
})
`)
  const [code] = (await within(once(child, 'exit'), 'the REPL stays')) as [number | null]
  t.is(code, 3, output)
  t.regex(output, /list 16,19/)
})
