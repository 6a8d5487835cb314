// Runs cells in processes of their own, which are ended where they hang.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildNative } from './native.mjs'

/** Above the sum of a cell's own watchdogs there is something wrong with its process. */
const CELL_MS = 400_000

/** @typedef {{ wrong: string[], lost?: number, leftMs?: number, ms: number }} Outcome */

/** A process that runs one cell at a time. */
class Runner {
  #child = spawn(process.execPath, [fileURLToPath(new URL('run-cells.mjs', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  #lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  #isOver = false

  constructor() {
    // One that has ended takes no cell. What it answers says so.
    this.#child.stdin.on('error', () => {})
  }

  /** @returns {Promise<Outcome>} */
  async run(cell) {
    this.#child.stdin.write(`${JSON.stringify(cell)}\n`)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CELL_MS)
    const { value, done } = await this.#lines.next()
    clearTimeout(timer)
    if (!done) return JSON.parse(value)
    this.#isOver = true
    const { exitCode, signalCode } = this.#child
    return { wrong: [`hangs or dies: the process of the pool itself, ${signalCode ?? exitCode}`], ms: CELL_MS }
  }

  get isOver() {
    return this.#isOver || this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async end() {
    if (this.isOver) return
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await once(this.#child, 'exit')
    clearTimeout(timer)
  }
}

/**
 * Runs all cells, `runners` at a time.
 *
 * @template C
 * @param {readonly C[]} cells
 * @param {{ runners?: number, tell?: (cell: C, outcome: Outcome) => void, isOver?: () => boolean }} [options] `isOver`: no cell begins
 *   any more
 * @returns {Promise<Outcome[]>} in the order of the cells
 */
export async function runCells(cells, { runners = 2, tell, isOver = () => false } = {}) {
  buildNative()
  const outcomes = []
  let next = 0
  const work = async () => {
    let runner = new Runner()
    try {
      while (next < cells.length && !isOver()) {
        const at = next++
        if (runner.isOver) runner = new Runner()
        outcomes[at] = await runner.run(cells[at])
        tell?.(cells[at], outcomes[at])
      }
    } finally {
      await runner.end()
    }
  }
  await Promise.all(Array.from({ length: Math.min(runners, cells.length) }, work))
  return outcomes
}
