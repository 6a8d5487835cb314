// `npm run platforms`: the tables of docs/platforms.md, from what `check:all`, `build:all`, `pack:all` and `try:all` have left under npm/.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { toTable, writeSection } from '../reliability.mjs'
import { root } from '../setup.mjs'
import { cells } from './cells.mjs'
import { manifest, packageName, packedFolder, shipped, targets } from './targets.mjs'

/** The runners of the workflow `platforms.yml`, by target. */
const RUNNERS = {
  'linux-x64-gnu': 'ubuntu-24.04',
  'linux-x64-musl': 'Alpine on ubuntu-24.04',
  'linux-arm64-gnu': 'ubuntu-24.04-arm',
  'linux-arm64-musl': 'Alpine on ubuntu-24.04-arm',
  'darwin-arm64': 'macos-15',
  'darwin-x64': 'macos-15-intel',
  'win32-x64-msvc': 'windows-2025',
  'win32-arm64-msvc': 'windows-11-arm'
}

const left = (name, otherwise) => {
  const path = join(root, 'npm', name)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : otherwise
}
const [checked, built, tried] = [left('checked.json', {}), left('built.json', {}), left('tried.json', [])]
const kilobytes = (bytes) => `${Math.ceil(bytes / 1000)} kB`

function triedOn({ npm }) {
  const here = tried.filter((cell) => cell.npm === npm)
  if (here.length === 0) return built[npm] === undefined ? 'no' : 'linked only'
  const versions = [...new Set(here.map(({ node }) => node.split('.')[0]))].join(', ')
  const how = ['emulated', 'wine'].find((word) => here.some(({ name }) => name.includes(word)))
  const bad = here.filter(({ isGood }) => !isGood)
  if (bad.length > 0) return `**broken**: ${bad[0].name}`
  return `Node.js ${versions}${how === undefined ? '' : `, ${how}`}`
}

const byTarget = targets.map((target) => [
  `\`${target.rust}\``,
  checked[target.npm] ? 'yes' : built[target.npm] === undefined ? 'not checked' : 'linked',
  built[target.npm] === undefined ? 'no' : kilobytes(built[target.npm]),
  triedOn(target),
  RUNNERS[target.npm],
  shipped.includes(target) ? `\`${packageName(target)}\`` : 'none'
])
const header = ['target', 'compiles', 'binary', 'example run here', 'run by CI on', 'package']

const packed = existsSync(packedFolder) ? readdirSync(packedFolder).toSorted() : []
const sizes = packed.map((name) => [
  name.replace(`-${manifest.version}.tgz`, ''),
  kilobytes(statSync(join(packedFolder, name)).size)
])
const cellRows = cells.map(({ name }) => {
  const found = tried.find((cell) => cell.name === name)
  return [name, found === undefined ? 'not run' : found.isGood ? 'ok' : '**broken**']
})

const sections = {
  targets: [header, ...byTarget],
  cells: [['system', 'example'], ...cellRows],
  sizes: [['package', 'packed'], ...sizes]
}
for (const [name, rows] of Object.entries(sections)) await writeSection(name, toTable(rows), 'docs/platforms.md')
