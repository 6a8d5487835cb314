/** What `progressBar` shows. It is loaded with the first call that wants a bar. */
import { monotonicMs, process } from '../primordials.js'
import type { BarSettings } from '../options/index.js'
import type { Progress } from '../types/index.js'
import { LogLines } from './lines.js'
import { TerminalBar } from './terminal.js'

/** In CI, in a worker and without a terminal nobody sees a line change: lines are written one below the other. */
function isTerminal(stream: NodeJS.WriteStream, isWorker: boolean): boolean {
  const { CI = '', TERM } = process.env
  return stream.isTTY && !isWorker && TERM !== 'dumb' && (CI === '' || CI === 'false' || CI === '0')
}

/** As with `console.error`, a reader that is gone is no error of the program. */
function write(stream: NodeJS.WriteStream, text: string): void {
  const ignore = (): void => {}
  stream.once('error', ignore)
  stream.write(text, () => stream.off('error', ignore))
}

/**
 * Opens a bar on the standard error output of this process.
 * @returns takes the progress of the call; `isOver` with the last one
 */
export function openBar(
  { description, leave }: BarSettings,
  isWorker: boolean
): (progress: Progress, isOver: boolean) => void {
  const { stderr } = process
  const begun = monotonicMs()
  const bar = isTerminal(stderr, isWorker)
    ? new TerminalBar(stderr, leave)
    : new LogLines((text) => write(stderr, text))
  return (progress, isOver) => bar.show({ description, progress, elapsedMs: monotonicMs() - begun, isOver })
}
