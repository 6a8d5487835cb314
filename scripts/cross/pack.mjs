// `npm run pack:all`: what npm publishes, as tarballs in npm/packed: a package for each system, and the root that has them as optional
// dependencies. `-- --no-build` takes the binaries that lie under npm/ already.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, setUpOrExit } from '../setup.mjs'
import { binaryName, manifest, packageFolder, packageName, packedFolder, shipped } from './targets.mjs'
import { run } from './toolchain.mjs'

const { values } = parseArgs({ options: { 'no-build': { type: 'boolean', default: false } } })

if (!values['no-build']) {
  setUpOrExit()
  run(process.execPath, [join(root, 'scripts/cross/build.mjs')], { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** @returns {string} the tarball's path */
function pack(folder) {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', packedFolder]
  const answer = JSON.parse(run('npm', args, { cwd: folder }))
  // npm 12 answers with an object by name.
  const [{ filename, unpackedSize }] = Array.isArray(answer) ? answer : Object.values(answer)
  const path = join(packedFolder, filename)
  console.log(`${filename}: ${statSync(path).size} bytes, ${unpackedSize} unpacked`)
  return path
}

/** The root's files, with the packages of this version as its optional dependencies. */
function packRoot() {
  const staged = mkdtempSync(join(tmpdir(), 'millrace-pack-'))
  try {
    for (const name of [...manifest.files, 'README.md', 'LICENSE', 'CHANGELOG.md']) {
      cpSync(join(root, name), join(staged, name), { recursive: true })
    }
    const optionalDependencies = Object.fromEntries(
      shipped.map((target) => [packageName(target), manifest.version]).toSorted()
    )
    // Nothing that is for the development of millrace: an install would read it for nothing.
    const { scripts: _, ava: __, devDependencies: ___, ...published } = manifest
    writeFileSync(
      join(staged, 'package.json'),
      `${JSON.stringify({ ...published, optionalDependencies }, undefined, 2)}\n`
    )
    return pack(staged)
  } finally {
    rmSync(staged, { recursive: true, force: true })
  }
}

const missing = shipped.filter((target) => !existsSync(join(packageFolder(target), binaryName(target))))
if (missing.length > 0) {
  throw new Error(`no binary for ${missing.map(({ rust }) => rust).join(', ')}: npm run build:all`)
}
mkdirSync(packedFolder, { recursive: true })
for (const name of readdirSync(packedFolder)) rmSync(join(packedFolder, name))
for (const target of shipped) {
  cpSync(join(root, 'LICENSE'), join(packageFolder(target), 'LICENSE'))
  pack(packageFolder(target))
}
packRoot()
