// Programs for Windows, run by wine in a root of its own: of all that is there only the temporary folder, this clone and the tools are seen.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { need, tools } from '../cross/toolchain.mjs'
import { root } from '../setup.mjs'

/** Name spaces of its own: no mount stays on the machine. */
const ENTER = `set -e
for folder in "$TOOLS" "$CLONE" "$TEMPORARY"; do
  mkdir -p "$ROOT$folder"
  mount --rbind "$folder" "$ROOT$folder"
done
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount --rbind /sys "$ROOT/sys"
exec chroot "$ROOT" /usr/bin/env -i LANG=C.UTF-8 HOME=/root PATH=/usr/bin:/bin WINEPREFIX="$PREFIX" WINEDEBUG=-all XDG_RUNTIME_DIR="$TEMPORARY" \\
  WINELOADER=/usr/lib/wine/wine64 sh -c 'cd "$0" && exec /usr/lib/wine/wine64 "$@"' "$FOLDER" "$@"`

const prefix = join(tools, 'wine-prefix')

/** Wine, and a Windows of its own. */
export async function setUp() {
  need('wine')
  if (existsSync(join(prefix, 'system.reg'))) return
  const { status, stderr } = await underWine(['wineboot.exe', '-i'], { cwd: tools })
  if (status !== 0) throw new Error(`wine does not set up its Windows:\n${stderr}`)
}

/**
 * Runs a program of Windows. Its output goes through files: Node.js cannot open a pipe of this system there.
 * @returns {Promise<{ status: number | null, stdout: string, stderr: string }>}
 */
export async function underWine(args, { cwd, timeout }) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-wine-'))
  const paths = ['stdout', 'stderr'].map((name) => join(folder, name))
  const outputs = paths.map((path) => openSync(path, 'w'))
  try {
    const child = spawn('unshare', ['--mount', 'bash', '-c', ENTER, 'wine', ...args], {
      env: {
        PATH: process.env.PATH,
        ROOT: join(tools, 'wine-root'),
        TOOLS: tools,
        CLONE: root,
        TEMPORARY: tmpdir(),
        PREFIX: prefix,
        FOLDER: cwd
      },
      stdio: ['ignore', ...outputs],
      detached: true
    })
    // With what it has started, which wine leaves in its group.
    const kill = () => process.kill(-child.pid, 'SIGKILL')
    const interrupt = () => {
      kill()
      process.exit(130)
    }
    process.once('SIGINT', interrupt)
    const watchdog = timeout === undefined ? undefined : setTimeout(kill, timeout)
    const status = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve))
    clearTimeout(watchdog)
    process.off('SIGINT', interrupt)
    const [stdout, stderr] = paths.map((path) => readFileSync(path, 'utf8'))
    return { status, stdout, stderr }
  } finally {
    outputs.forEach((output) => closeSync(output))
    rmSync(folder, { recursive: true, force: true })
  }
}
