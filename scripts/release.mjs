// What a release consists of, by CHANGELOG.md and the versions of the manifests:
//   node scripts/release.mjs plan      whether the version of package.json is to be released: `version=…` and `is-new=…`, for a workflow
//   node scripts/release.mjs notes     its section of the changelog
//   node scripts/release.mjs publish   publishes npm/packed, each package once; `--dry-run` only says so
import { spawnSync } from 'node:child_process'
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const read = (name) => readFileSync(join(root, name), 'utf8')
const { name, version } = JSON.parse(read('package.json'))

function run(program, args, stdio = 'pipe') {
  return spawnSync(program, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', stdio, stdio] })
}

/** The section of this version; undefined where the changelog has none. */
function notes() {
  const sections = read('CHANGELOG.md').split(/^## (?=\[)/m)
  return sections.find((each) => each.startsWith(`[${version}]`))?.replace(/^.*\n+/, '')
}

/** @returns {string[]} what speaks against a release */
function contradictions() {
  const [, inRust] = /^version = "([^"]+)"/m.exec(read('Cargo.toml')) ?? []
  const locked = JSON.parse(read('package-lock.json')).version
  return [
    inRust === version ? '' : `Cargo.toml says ${inRust}, package.json ${version}`,
    locked === version ? '' : `package-lock.json says ${locked}, package.json ${version}`,
    notes() === undefined ? `CHANGELOG.md has no section [${version}]` : ''
  ].filter(Boolean)
}

function plan() {
  const tag = run('git', ['tag', '--list', `v${version}`]).stdout.trim()
  // A version that is not in the changelog is being worked on.
  const isNew = tag === '' && notes() !== undefined
  const problems = isNew ? contradictions() : []
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const answer = `version=${version}\nis-new=${isNew}\n`
  process.stdout.write(answer)
  if (process.env.GITHUB_OUTPUT) appendFileSync(process.env.GITHUB_OUTPUT, answer)
}

/** What a tarball in npm/packed says of itself. */
const manifestOf = (file) =>
  JSON.parse(run('tar', ['-xzOf', join(root, 'npm/packed', file), 'package/package.json']).stdout)

/** The tarball of a package, as npm calls it. */
const fileOf = (each) => `${each.replace(/^@/, '').replace('/', '-')}-${version}.tgz`

function publish(isDry) {
  const problems = contradictions()
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const files = readdirSync(join(root, 'npm/packed')).filter((file) => file.endsWith(`-${version}.tgz`))
  const rootFile = `${name}-${version}.tgz`
  if (!files.includes(rootFile)) throw new Error(`npm/packed has no ${rootFile}: npm run pack:all`)
  const missing = Object.keys(manifestOf(rootFile).optionalDependencies).filter((each) => !files.includes(fileOf(each)))
  if (missing.length > 0) throw new Error(`npm/packed has no tarball of ${missing.join(', ')}: npm run pack:all`)
  // The root last: whoever installs it finds the others.
  for (const file of [...files.filter((each) => each !== rootFile), rootFile]) {
    const manifest = manifestOf(file)
    const known = run('npm', ['view', `${manifest.name}@${version}`, 'version'])
    if (known.status === 0 && known.stdout.trim() === version) {
      console.log(`${manifest.name}@${version} is published`)
      continue
    }
    const flags = ['--access', 'public', ...(isDry ? ['--dry-run'] : ['--provenance'])]
    const { status } = run('npm', ['publish', join('npm/packed', file), ...flags], 'inherit')
    if (status !== 0) throw new Error(`npm publish of ${file} failed (${status})`)
  }
}

const [command, flag] = process.argv.slice(2)
try {
  if (command === 'plan') plan()
  else if (command === 'notes') process.stdout.write(notes() ?? '')
  else if (command === 'publish') publish(flag === '--dry-run')
  else throw new Error('one of plan, notes and publish is done')
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
