// How many tests of a suite passed and failed, read from what it printed. A suite that failed counts at least one
// failure and a suite that ran nothing is a failure, whatever its output says.

/** @typedef {{ passed: number, failed: number }} Counts */

/** A command that is one check: formatting, lint, types. */
export function countCheck(output, isOk) {
  return isOk ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/**
 * `cargo test`: libtest writes one `test result:` line for each binary, and cargo names the binaries in its errors' stream. A binary that
 * crashed has no line, which counts as a failure, as does a line that is missing for any other reason. The documentation of a crate may
 * have two.
 */
export function countCargo(output, isOk, errors = '') {
  const lines = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)]
  const binaries = errors.match(/^ +(?:Running|Doc-tests) /gm)?.length ?? 0
  const failed = sum(lines.map((line) => line[2])) + Math.max(binaries - lines.length, 0)
  return settle(sum(lines.map((line) => line[1])), failed, isOk)
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
