import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type CliProgress from 'cli-progress'

import { missingFile } from '../entry/missing-file.js'
import { kill, Math, process, URL, withOriginalGlobals } from '../primordials.js'

const FILE = new URL('../../dist/millrace-progress-bar.cjs', import.meta.url)
const require = createRequire(import.meta.url)

function load(): typeof CliProgress {
  try {
    return withOriginalGlobals(() => require(fileURLToPath(FILE)) as typeof CliProgress)
  } catch (error) {
    throw missingFile(FILE, error)
  }
}

/** With the members that the types of the package leave out. */
type Bars = CliProgress.MultiBar & {
  bars: readonly CliProgress.SingleBar[]
  readonly terminal: { clearBottom(): void; clearLine(): void; cursorRelativeReset(): void; newline(): void }
  readonly options: { clearOnComplete: boolean }
}

interface Payload {
  readonly text?: (columns: number) => string
}

/** One line of the screen. */
export type Line = CliProgress.SingleBar

/**
 * The lines that this process shows at the bottom of its terminal, drawn anew ten times a second, with an empty line above them.
 *
 * The cursor rests on the empty line. A line that a worker or the program prints takes its place, and the next drawing begins below that
 * line. With the cursor below the lines, they would be drawn over it. All below the cursor is drawn anew, so it does not matter
 * how a terminal wraps those lines when its size changes.
 */
export class Screen {
  readonly #stream: NodeJS.WriteStream
  readonly #bars: Bars
  readonly #more: Line
  #lines: readonly Line[] = []
  #isOpen = true

  constructor(stream: NodeJS.WriteStream) {
    const { MultiBar } = load()
    const bars = new MultiBar({
      stream,
      // Output of workers may have replaced a line that has not changed.
      forceRedraw: true,
      // The lines are cut to the terminal already, and a terminal whose settings were changed stays so if this process is killed.
      linewrap: true,
      format: (_options, { maxWidth = 80 }: { readonly maxWidth?: number }, { text }: Payload) =>
        text === undefined ? '' : text(maxWidth - 1)
    }) as Bars
    const { terminal } = bars
    bars.on('update-pre', () => (bars.bars = this.#visible()))
    bars.on('redraw-pre', () => {
      terminal.clearLine()
      terminal.newline()
    })
    bars.on('redraw-post', () => terminal.clearBottom())
    bars.on('update-post', () => terminal.cursorRelativeReset())
    bars.on('stop-pre-clear', () => terminal.clearBottom())
    this.#stream = stream
    this.#bars = bars
    this.#more = bars.create(1, 0, { text: () => `and ${this.#hidden()} more` } satisfies Payload)
    process.on('exit', this.#leave)
    // As the first listener it sees those of the program, also one that listens once.
    process.prependListener('SIGINT', this.#onInterrupt)
  }

  add(): Line {
    const line = this.#bars.create(1, 0, {})
    this.#lines = [...this.#lines, line]
    return line
  }

  /** @param text Is called with the number of columns that the text may have. */
  set(line: Line, text: (columns: number) => string): void {
    line.update({ text } satisfies Payload)
  }

  /**
   * Takes a line away. The last one closes the screen.
   * @param lastText Stays in the terminal, above the other lines.
   * @returns whether the screen is closed
   */
  remove(line: Line, lastText: string | undefined): boolean {
    if (!this.#isOpen) return true
    this.#lines = this.#lines.filter((other) => other !== line)
    const { terminal } = this.#bars
    if (lastText !== undefined) {
      terminal.clearBottom()
      this.#stream.write(`${lastText}\n`)
    }
    if (this.#lines.length === 0) this.#close(true)
    else this.#bars.update()
    return !this.#isOpen
  }

  /** How many lines find no room. They would scroll the terminal at each drawing. */
  #hidden(): number {
    // One row is empty.
    const room = Math.max((this.#stream.rows || 24) - 1, 2)
    return this.#lines.length <= room ? 0 : this.#lines.length - (room - 1)
  }

  #visible(): readonly Line[] {
    const hidden = this.#hidden()
    return hidden === 0 ? this.#lines : [...this.#lines.slice(0, this.#lines.length - hidden), this.#more]
  }

  /** @param isEmpty Whether nothing stays of the lines. */
  #close(isEmpty: boolean): void {
    this.#isOpen = false
    process.off('exit', this.#leave)
    process.off('SIGINT', this.#onInterrupt)
    this.#bars.bars = this.#visible()
    this.#bars.options.clearOnComplete = isEmpty
    this.#bars.stop()
  }

  /** The process ends. What the shell prints next must stand below the lines. */
  readonly #leave = (): void => this.#close(false)

  /** Without a listener of the program, Ctrl-C ends the process as it would have without this one. */
  readonly #onInterrupt = (): void => {
    if (process.listenerCount('SIGINT') > 1) return
    this.#leave()
    kill(process.pid, 'SIGINT')
  }
}
