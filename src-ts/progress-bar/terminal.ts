import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type CliProgress from 'cli-progress'

import { missingFile } from '../entry/missing-file.js'
import { URL, withOriginalGlobals } from '../primordials.js'
import { barText, type Shown } from './text.js'

const FILE = new URL('../../dist/millrace-progress-bar.cjs', import.meta.url)
const require = createRequire(import.meta.url)

function load(): typeof CliProgress {
  try {
    return withOriginalGlobals(() => require(fileURLToPath(FILE)) as typeof CliProgress)
  } catch (error) {
    throw missingFile(FILE, error)
  }
}

interface Payload {
  readonly shown?: Shown
}

/** With the members that the types of the package leave out. */
type Bars = CliProgress.MultiBar & {
  readonly terminal: { cursorRelativeReset(): void }
  readonly options: { clearOnComplete: boolean }
}

/** The bars that this process shows now, one below the other. */
let bars: Bars | undefined
let count = 0

function open(stream: NodeJS.WriteStream): Bars {
  const { MultiBar } = load()
  const opened = new MultiBar({
    stream,
    // Output of workers may have replaced a line that has not changed.
    forceRedraw: true,
    // The line is cut to the terminal already, and a terminal whose settings were changed stays so if this process is killed.
    linewrap: true,
    format: (_options, { maxWidth = 80 }: { readonly maxWidth?: number }, { shown }: Payload) =>
      shown === undefined ? '' : barText(shown, maxWidth - 1)
  }) as Bars
  // The cursor rests on the first bar. A line that a worker prints takes its place, and the bars are drawn below that line. With the cursor
  // on the last one, they would be drawn over it.
  opened.on('update-post', () => opened.terminal.cursorRelativeReset())
  return opened
}

/** Shows a call in a terminal, by a bar that is drawn anew ten times a second. */
export class TerminalBar {
  readonly #stream: NodeJS.WriteStream
  readonly #leave: boolean
  readonly #bars: Bars
  readonly #bar: CliProgress.SingleBar

  /** @param leave Whether the last state stays when the call has ended. */
  constructor(stream: NodeJS.WriteStream, leave: boolean) {
    bars ??= open(stream)
    this.#bars = bars
    this.#stream = stream
    this.#leave = leave
    this.#bar = bars.create(1, 0, {})
    count++
  }

  show(shown: Shown): void {
    this.#bar.update(shown.progress.done, { shown } satisfies Payload)
    if (shown.isOver) this.#end(shown)
  }

  /** The last bar closes the terminal. Another one leaves its line above those that remain. */
  #end(shown: Shown): void {
    count--
    if (this.#leave && count > 0) this.#bars.log(`${barText(shown, (this.#stream.columns || 80) - 1)}\n`)
    if (count > 0) {
      this.#bars.remove(this.#bar)
      return
    }
    this.#bars.options.clearOnComplete = !this.#leave
    this.#bars.stop()
    bars = undefined
  }
}
