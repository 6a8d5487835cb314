// A copy of the clone for Windows under wine: its addon, and specs that were translated here, since the loader of the specs has no binary
// for Windows in the registry.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildNative } from '../../__test__/matrix/native.mjs'
import { binaryName, packageFolder, targets } from '../cross/targets.mjs'
import { need, run, tools } from '../cross/toolchain.mjs'
import { root } from '../setup.mjs'

/** What is run. */
export const target = targets.find(({ npm }) => npm === 'win32-x64-msvc')

/** Where the copy is. */
export const tree = join(process.env.CARGO_TARGET_DIR || join(root, 'target'), 'windows/tree')

/** Builds the addon, and brings the copy up to date. */
export async function makeTree() {
  // Not at the top: on Windows itself nothing is translated, and the packages may not be installed yet when this is loaded.
  const { transformSync } = await import('esbuild')
  const build = join(root, 'scripts/cross/build.mjs')
  run(process.execPath, [build, '--target', target.npm], { stdio: ['ignore', 'inherit', 'inherit'] })
  rmSync(tree, { recursive: true, force: true })
  const files = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']).split('\0')
  const taken = files.filter(
    (name) =>
      /^(__test__\/|src-ts\/|scripts\/|docs\/|examples\/|bench\/|\.github\/|[^/]+$)/.test(name) &&
      existsSync(join(root, name))
  )
  for (const file of taken) copy(file, transformSync)
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const ava = {
    files: ['__test__/**/*.spec.js'],
    timeout: '4m',
    workerThreads: false,
    require: manifest.ava.require.map((name) => name.replace(/\.ts$/, '.js'))
  }
  writeFileSync(join(tree, 'package.json'), JSON.stringify({ ...manifest, ava }))
  cpSync(join(root, 'dist'), join(tree, 'dist'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  cpSync(join(packageFolder(target), binaryName(target)), join(tree, binaryName(target)))
  need('zig')
  const compiler = [join(tools, 'venv/bin/python'), '-m', 'ziglang', 'cc', '-target', 'x86_64-windows-gnu']
  buildNative({ compiler, to: join(tree, 'target/matrix'), system: 'win32' })
}

/** A file of TypeScript as JavaScript, others as they are. */
function copy(file, transformSync) {
  const isTranslated = /^(__test__\/(?!fixtures\/)|src-ts\/).*(?<!\.d)\.ts$/.test(file)
  const to = join(tree, isTranslated ? file.replace(/\.ts$/, '.js') : file)
  mkdirSync(dirname(to), { recursive: true })
  if (!isTranslated) return cpSync(join(root, file), to)
  const { code } = transformSync(readFileSync(join(root, file), 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcefile: file,
    sourcemap: 'inline'
  })
  // The loader of TypeScript has no binary there, and nothing is left for it to do.
  const unloaded = code.replaceAll('@oxc-node/core/register', 'data:text/javascript,0')
  writeFileSync(to, unloaded.replace(/(\.\.\/src-ts\/[\w/-]+)\.ts\b/g, '$1.js'))
}

/** The names of the specs. */
export const specNames = () =>
  readdirSync(join(root, '__test__')).flatMap((file) => /^(.*)\.spec\.ts$/.exec(file)?.[1] ?? [])
