// A copy of the clone whose addon is built with the POSIX module of the core. The clone's own addon stays as it is.
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { binaryName, ownTarget } from '../cross/targets.mjs'
import { run } from '../cross/toolchain.mjs'
import { root } from '../setup.mjs'

const targetDirectory = process.env.CARGO_TARGET_DIR || join(root, 'target')

/** What cargo needs for the POSIX module. Other flags mean other artifacts, so they have a folder of their own. */
export const cargoEnv = {
  CARGO_TERM_COLOR: 'never',
  CARGO_TARGET_DIR: join(targetDirectory, 'portable'),
  RUSTFLAGS: [process.env.RUSTFLAGS, '--cfg millrace_posix'].filter(Boolean).join(' ')
}

/** Where the copy is. */
export const tree = join(targetDirectory, 'portable/tree')

/** Builds the addon, and brings the copy up to date. */
export function makeTree() {
  const env = { ...process.env, ...cargoEnv }
  run('cargo', ['build', '--release', '--locked', '--quiet', '--package', 'millrace-node'], { env })
  const files = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']).split('\0')
  mkdirSync(tree, { recursive: true })
  // A file that was removed must not live on.
  for (const name of readdirSync(tree)) rmSync(join(tree, name), { recursive: true, force: true })
  for (const file of files.filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(tree, file)), { recursive: true })
    if (statSync(join(root, file)).isFile()) cpSync(join(root, file), join(tree, file))
  }
  cpSync(join(root, 'dist'), join(tree, 'dist'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  const built = { linux: 'libmillrace_node.so', darwin: 'libmillrace_node.dylib' }[process.platform]
  cpSync(join(cargoEnv.CARGO_TARGET_DIR, 'release', built), join(tree, binaryName(ownTarget())))
}
