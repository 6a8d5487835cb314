// `npm test`: sets up what is needed, runs every suite whatever the others did, adds up what they counted.
// `npm test -- rules ava` runs only the suites named.
import { spawn } from 'node:child_process'
import { root, setUpOrExit } from './setup.mjs'

const setup = setUpOrExit('0 passed, 1 failed')
const { suites } = await import('./suites.mjs')

const names = process.argv.slice(2)
const unknown = names.filter((name) => !suites.some((suite) => suite.name === name))
if (unknown.length > 0) {
  console.error(`unknown suite ${unknown.join(', ')}; there are ${suites.map(({ name }) => `'${name}'`).join(', ')}`)
  process.exit(1)
}

/** A finished test, in the output of cargo or in TAP. */
const FINISHED = /^(?:not ok|ok) \d|^test .* \.\.\. /gm
/** Where nobody watches the line, it says how far a long suite is so often. */
const QUIET_MS = 60_000

/** Shows how many tests of a suite have ended: at once in a terminal, else once a minute. */
class Progress {
  #count = 0
  #shownAt = performance.now()

  see(text) {
    const ended = text.match(FINISHED)?.length ?? 0
    if (ended === 0) return
    this.#count += ended
    if (process.stdout.isTTY) process.stdout.write(`${this.#count}`.padEnd(6) + '\b'.repeat(6))
    else if (performance.now() - this.#shownAt > QUIET_MS) {
      process.stdout.write(` ${this.#count}`)
      this.#shownAt = performance.now()
    }
  }
}

/** @returns {Promise<{ isOk: boolean, output: string, errors?: string }>} */
function execute([program, ...args], env) {
  const progress = new Progress()
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    // Apart: a piece of one stream may end in the middle of a line.
    const texts = ['', '']
    for (const [at, stream] of [child.stdout, child.stderr].entries()) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        texts[at] += text
        progress.see(text)
      })
    }
    child.on('error', (error) => resolve({ isOk: false, output: error.message }))
    child.on('close', (code, signal) => {
      const [output, errors] = texts
      resolve({ isOk: code === 0, output, errors: signal ? `${errors}\nended by ${signal}\n` : errors })
    })
  })
}

async function run(suite) {
  if (suite.command) return execute(suite.command, suite.env)
  const output = suite.check(setup)
  return { isOk: output === '', output }
}

let passed = 0
let failed = 0
const chosen = suites.filter(({ name, isOnRequest }) => (names.length === 0 ? !isOnRequest : names.includes(name)))
for (const suite of chosen) {
  process.stdout.write(`${suite.name} `.padEnd(14, '.'))
  const start = performance.now()
  const { isOk, output, errors = '' } = await run(suite)
  const counts = suite.count(output, isOk, errors)
  passed += counts.passed
  failed += counts.failed
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(` ${counts.passed} passed, ${counts.failed} failed (${seconds} s)`)
  if (suite.shows && counts.failed === 0) console.log((output.match(suite.shows) ?? []).join('\n'))
  if (counts.failed > 0) {
    const quiet = `${output}${errors}`.replace(/^(ok \d+|test .* \.\.\. ok).*\n/gm, '').trim()
    console.log(`${quiet}\n--- end of ${suite.name}`)
  }
}
process.exitCode = failed > 0 ? 1 : 0
console.log(`${passed} passed, ${failed} failed`)
