// `npm test`: sets up what is needed, runs every suite whatever the others did, adds up what they counted.
// `npm test -- rules ava` runs only the suites named.
import { execute } from './execute.mjs'
import { setUpOrExit } from './setup.mjs'

const setup = setUpOrExit('0 passed, 1 failed')
const { suites } = await import('./suites.mjs')

const names = process.argv.slice(2)
const unknown = names.filter((name) => !suites.some((suite) => suite.name === name))
if (unknown.length > 0) {
  console.error(`unknown suite ${unknown.join(', ')}; there are ${suites.map(({ name }) => `'${name}'`).join(', ')}`)
  process.exit(1)
}

/** Where nobody watches the line, it says how far a long suite is so often. */
const QUIET_MS = 60_000
const isTerminal = process.stdout.isTTY

let passed = 0
let failed = 0

function say(line) {
  console.log(`${isTerminal ? '\r\x1b[K' : ''}${line}`)
}

/** Shows how many tests of a suite have ended: at once in a terminal, else once a minute. */
function progressOf({ name }) {
  let shownAt = performance.now()
  return (count) => {
    if (isTerminal) process.stdout.write(`\r\x1b[K${name}: ${count}`)
    else if (performance.now() - shownAt > QUIET_MS) {
      console.log(`${name}: ${count} so far`)
      shownAt = performance.now()
    }
  }
}

async function outcomeOf(suite) {
  if (suite.command)
    return execute(suite.command, { env: suite.env, isBeside: suite.place === 'beside', see: progressOf(suite) })
  const output = await suite.check(setup)
  return { isOk: output === '', output }
}

async function run(suite) {
  const start = performance.now()
  const { isOk, output, errors = '' } = await outcomeOf(suite)
  const counts = suite.count(output, isOk, errors)
  passed += counts.passed
  failed += counts.failed
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  say(`${`${suite.name} `.padEnd(14, '.')} ${counts.passed} passed, ${counts.failed} failed (${seconds} s)`)
  if (suite.shows && counts.failed === 0) say((output.match(suite.shows) ?? []).join('\n'))
  if (counts.failed > 0) {
    const quiet = `${output}${errors}`.replace(/^(ok \d+|test .* \.\.\. ok).*\n/gm, '').trim()
    say(`${quiet}\n--- end of ${suite.name}`)
  }
}

async function runInTurn(turn) {
  for (const suite of turn) await run(suite)
}

const chosen = suites.filter(({ name, isOnRequest }) => (names.length === 0 ? !isOnRequest : names.includes(name)))
const at = (place) => chosen.filter((suite) => suite.place === place)

/** Compilers use the time in which the tests wait for something. */
async function runBeside() {
  await runInTurn(at('beside'))
  // If it fails, the suite itself says why.
  for (const suite of at('last')) await execute(suite.build, { env: suite.env, isBeside: true })
}

await Promise.all([runInTurn(at(undefined)), runBeside()])
await runInTurn(at('last'))
process.exitCode = failed > 0 ? 1 : 0
console.log(`${passed} passed, ${failed} failed`)
