// The symbols of the system's main library on macOS 11: the last release of zig for it describes that library.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { once } from './nodes.mjs'
import { run, tools } from './toolchain.mjs'

const ZIG = '0.11.0'
const DESCRIPTION = 'ziglang/lib/libc/darwin/libSystem.11.tbd'
const TAKE = 'import sys, zipfile; open(sys.argv[3], "wb").write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))'

/** A group of symbols, and the systems that have it. */
const GROUP = /- targets:\s*\[([^\]]*)\]((?:\s*(?:weak-|thread-local-)?symbols:\s*\[[^\]]*\])+)/g

/**
 * @param {string} cpu
 * @returns {Set<string>}
 */
export function symbolsOfOldestMacos(cpu) {
  const folder = once(join(tools, 'macos-11'), (unfinished) => {
    console.error('fetching what macOS 11 has')
    run('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '-d', unfinished, `ziglang==${ZIG}`])
    const [wheel] = readdirSync(unfinished)
    run('python3', ['-c', TAKE, wheel, DESCRIPTION, 'libSystem.tbd'], { cwd: unfinished })
    rmSync(join(unfinished, wheel))
  })
  const text = readFileSync(join(folder, 'libSystem.tbd'), 'utf8')
  const system = `${cpu === 'x64' ? 'x86_64' : 'arm64'}-macos`
  const words = (list) => list.split(/[\s,'"]+/).filter(Boolean)
  const groups = [...text.matchAll(GROUP)].filter(([, systems]) => words(systems).includes(system))
  return new Set(
    groups.flatMap(([, , lists]) => [...lists.matchAll(/\[([^\]]*)\]/g)].flatMap(([, list]) => words(list)))
  )
}
