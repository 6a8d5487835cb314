// What the machine must have before anything can be set up. Imports nothing but node's own modules: it runs in a fresh
// clone, where node_modules is still missing.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')

/** Whether `version` satisfies a range of the shape `^20.19.0 || >=22.12.0`, the only one that `engines` uses here. */
export function satisfies(version, range) {
  const [major, minor] = version.split('.').map(Number)
  return range.split('||').some((part) => {
    const [, sign, wantedMajor, wantedMinor] = /(\^|>=)\s*(\d+)\.(\d+)/.exec(part) || []
    if (!sign) return false
    if (major === Number(wantedMajor)) return minor >= Number(wantedMinor)
    return sign === '>=' && major > Number(wantedMajor)
  })
}

/**
 * Finds out in one line each what is missing.
 *
 * @returns {{ problems: string[], rustProblem: string, cargo: string }} `cargo` is the full version line, '' where there is none;
 *   `rustProblem` matters only where the addon has to be built.
 */
export function inspectToolchain() {
  const problems = []
  const { node } = JSON.parse(read('package.json')).engines
  if (!satisfies(process.versions.node, node)) {
    problems.push(`millrace needs Node.js ${node}, this is ${process.versions.node}: https://nodejs.org`)
  }
  const [, rust = '1.88'] = /^rust-version = "([\d.]+)"/m.exec(read('Cargo.toml')) || []
  const answer = spawnSync('cargo', ['--version'], { encoding: 'utf8' })
  const cargo = answer.status === 0 ? answer.stdout.trim() : ''
  const [, version = '0.0'] = /^cargo (\d+\.\d+)/.exec(cargo) || []
  if (!satisfies(version, `>=${rust}`)) {
    const found = cargo ? `, this is ${version}` : ''
    return {
      problems,
      rustProblem: `millrace needs a Rust toolchain (cargo ${rust} or later)${found}: https://rustup.rs`,
      cargo
    }
  }
  return { problems, rustProblem: '', cargo }
}
