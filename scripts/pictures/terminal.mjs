// Runs a program in a real terminal, that of tmux, and takes what it shows.
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

const LOOKS_EVERY_MS = 50
const PATIENCE_MS = 60_000

function tmux(server, ...args) {
  const { status, error, stdout, stderr } = spawnSync('tmux', ['-L', server, '-f', '/dev/null', ...args], {
    encoding: 'utf8'
  })
  if (status !== 0) throw new Error(`tmux ${args[0]}: ${error?.message ?? stderr.trim()}`)
  return stdout
}

/**
 * @param {string} command a line for the shell
 * @param {{ columns: number, rows: number, until: RegExp, cwd: string }} options `until`: the picture is taken when the screen fits it
 * @returns {Promise<string[]>} the rows of the screen, without the empty ones at the end
 */
export async function takePicture(command, { columns, rows, until, cwd }) {
  const server = `millrace-${process.pid}`
  const size = ['-x', String(columns), '-y', String(rows)]
  // The last part keeps the screen when the program has ended.
  const line = `unset CI; printf '$ %s\\n' '${command}'; ${command}; printf '$ '; sleep 60`
  tmux(server, 'new-session', '-d', ...size, '-c', cwd, line)
  try {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(LOOKS_EVERY_MS)) {
      const shown = tmux(server, 'capture-pane', '-p').trimEnd()
      if (until.test(shown)) return shown.split('\n')
    }
    throw new Error(`'${command}' has not shown ${until} in ${PATIENCE_MS} ms`)
  } finally {
    tmux(server, 'kill-server')
  }
}
