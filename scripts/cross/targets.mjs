// The systems that millrace is built for, by the names of Rust and of npm.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../setup.mjs'

/**
 * @typedef {object} Target
 * @property {string} rust the name that Rust has for it
 * @property {string} npm the end of its package's name
 * @property {string} os as `process.platform`
 * @property {string} cpu as `process.arch`
 * @property {'glibc' | 'musl'} [libc]
 * @property {string} [oldest] the oldest C library that the binary runs on
 * @property {string} [standIn] the target that is built where Rust's own one cannot be linked; Node-API is plain C, so that the
 *   binary loads all the same
 */

/** @type {readonly Target[]} */
export const targets = [
  { rust: 'x86_64-unknown-linux-gnu', npm: 'linux-x64-gnu', os: 'linux', cpu: 'x64', libc: 'glibc', oldest: '2.17' },
  {
    rust: 'aarch64-unknown-linux-gnu',
    npm: 'linux-arm64-gnu',
    os: 'linux',
    cpu: 'arm64',
    libc: 'glibc',
    oldest: '2.17'
  },
  { rust: 'x86_64-unknown-linux-musl', npm: 'linux-x64-musl', os: 'linux', cpu: 'x64', libc: 'musl' },
  { rust: 'aarch64-unknown-linux-musl', npm: 'linux-arm64-musl', os: 'linux', cpu: 'arm64', libc: 'musl' },
  { rust: 'x86_64-apple-darwin', npm: 'darwin-x64', os: 'darwin', cpu: 'x64' },
  { rust: 'aarch64-apple-darwin', npm: 'darwin-arm64', os: 'darwin', cpu: 'arm64' },
  {
    rust: 'x86_64-pc-windows-msvc',
    npm: 'win32-x64-msvc',
    os: 'win32',
    cpu: 'x64',
    standIn: 'x86_64-pc-windows-gnullvm'
  },
  {
    rust: 'aarch64-pc-windows-msvc',
    npm: 'win32-arm64-msvc',
    os: 'win32',
    cpu: 'arm64',
    standIn: 'aarch64-pc-windows-gnullvm'
  }
]

/** What package.json says, which the command line of napi reads as well. */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Those that have a package: pools run there. */
export const shipped = targets.filter(({ rust }) => manifest.napi.targets.includes(rust))

export const packageName = ({ npm }) => `${manifest.napi.packageName}-${npm}`
export const binaryName = ({ npm }) => `${manifest.napi.binaryName}.${npm}.node`

/** Where the package of a target is put together, and the packed ones lie. */
export const packageFolder = ({ npm }) => join(root, 'npm', npm)
export const packedFolder = join(root, 'npm/packed')

/** The target that this process runs on, as far as millrace knows it. */
export function ownTarget() {
  const isGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined
  return targets.find(
    ({ os, cpu, libc }) =>
      os === process.platform && cpu === process.arch && (libc === undefined || (libc === 'glibc') === isGlibc)
  )
}

/**
 * The targets that the command line names, by either name; without a name those that are shipped.
 * @param {readonly string[]} names `all` for every one
 */
export function chosenTargets(names) {
  if (names.length === 0) return shipped
  if (names.includes('all')) return targets
  return names.map((name) => {
    const found = targets.find(({ rust, npm }) => name === rust || name === npm)
    if (found === undefined) {
      throw new Error(`there is no target ${name}; there are ${targets.map(({ rust }) => rust).join(', ')}`)
    }
    return found
  })
}
