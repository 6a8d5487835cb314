// How many tests of a suite passed and failed, read from what it printed. A suite that failed counts at least one
// failure and a suite that ran nothing is a failure, whatever its output says.

/** @typedef {{ passed: number, failed: number }} Counts */

/** A command that is one check: formatting, lint, types. */
export function countCheck(output, isOk) {
  return isOk ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/** `cargo test`: one `test result:` line for each test binary; one that crashed prints none. */
export function countCargo(output, isOk) {
  const lines = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)]
  return settle(sum(lines.map((line) => line[1])), sum(lines.map((line) => line[2])), isOk)
}

/** TAP: the summary at the end, and the lines themselves where a run ended before it. */
export function countTap(output, isOk) {
  const lines = (pattern) => (output.match(pattern) || []).length
  const [, passed = lines(/^ok \d+(?!.*# (SKIP|TODO))/gm)] = /^# pass (\d+)$/m.exec(output) || []
  const [, failed = 0] = /^# fail (\d+)$/m.exec(output) || []
  return settle(Number(passed), Math.max(Number(failed), lines(/^not ok \d+(?!.*# (SKIP|TODO))/gm)), isOk)
}

/** `npm run portable`, which adds up several suites. */
export function countPortable(output, isOk) {
  const [, passed = 0, failed = 0] = /^(\d+) passed, (\d+) failed, \d+ set apart$/m.exec(output) ?? []
  return settle(Number(passed), Number(failed), isOk)
}

function sum(texts) {
  return texts.reduce((total, text) => total + Number(text), 0)
}

function settle(passed, failed, isOk) {
  const isSilentFailure = failed === 0 && (!isOk || passed === 0)
  return { passed, failed: isSilentFailure ? 1 : failed }
}
