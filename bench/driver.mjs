// The process of one peer, seen from the benchmark: it is asked, it answers, fails or is too late; then it is killed with all it started.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const open = new Set()
process.on('exit', () => open.forEach((driver) => driver.kill()))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const PATIENCE_MS = 30_000
const LAST_WORDS_MS = 1000

export class Driver {
  #child
  #waiting = new Map()
  #asked = 0
  #said = ''
  #isOver = false

  /**
   * @param {import('./peers.mjs').Peer} peer
   * @param {number} workers
   * @param {readonly string[]} [before] a program that starts it, such as taskset
   */
  static async start(peer, workers, before = []) {
    const driver = new Driver(peer, [...before, ...peer.command(workers)])
    await driver.#answer(0, 'start', PATIENCE_MS)
    return driver
  }

  constructor(peer, [program, ...args]) {
    this.peer = peer
    // A group of its own, so that a pool's workers can be killed with it.
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    open.add(this)
    this.#child.stderr.on('data', (text) => (this.#said = `${this.#said}${text}`.slice(-2000)))
    this.#child.stdin.on('error', () => undefined)
    this.#child.on('error', (error) => this.#end(error.message))
    this.#child.on('exit', (code, signal) => {
      const end = () => this.#end(`the process of ${peer.name} ended (${signal ?? code})`)
      // Its last words may still be on their way, and its workers may hold the pipe open.
      this.#child.once('close', end)
      setTimeout(end, LAST_WORDS_MS).unref()
    })
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      // Workers may write there too.
      if (!line.startsWith('{"id"')) return
      const { id, value, error } = JSON.parse(line)
      this.#waiting.get(id)?.(error === undefined ? { value } : { error })
    })
  }

  get pid() {
    return this.#child.pid
  }

  get isOver() {
    return this.#isOver
  }

  /**
   * @param {string} command one of peers/commands.mjs
   * @returns {Promise<number>}
   */
  ask(command, ...args) {
    return this.askFor(PATIENCE_MS, command, ...args)
  }

  /** As `ask`, with a patience of its own. */
  askFor(patienceMs, command, ...args) {
    const id = (this.#asked += 1)
    const answer = this.#answer(id, command, patienceMs)
    this.#child.stdin.write(`${JSON.stringify({ id, command, args })}\n`)
    return answer
  }

  /** Ends the process and waits for that, gracefully if it can. */
  async close() {
    if (!this.#isOver) await this.ask('close').catch(() => undefined)
    this.kill()
  }

  kill() {
    open.delete(this)
    this.#isOver = true
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // The whole group is gone.
    }
  }

  #answer(id, command, patienceMs) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#end(`no answer to ${command} within ${patienceMs / 1000} s`), patienceMs)
      this.#waiting.set(id, ({ value, error }) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        if (error === undefined) resolve(value)
        else reject(new Error(error))
      })
    })
  }

  #end(why) {
    if (this.#isOver) return
    this.kill()
    const lastWords = this.#said.trim().split('\n').at(-1)
    for (const settle of this.#waiting.values()) settle({ error: lastWords ? `${why}: ${lastWords}` : why })
  }
}
