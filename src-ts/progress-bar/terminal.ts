import { Screen, type Line } from './screen.js'
import { barText, type Shown } from './text.js'

/** What this process shows now, if it shows any bar. */
let screen: Screen | undefined

/** Shows a call in a terminal, by a bar that is drawn anew ten times a second. */
export class TerminalBar {
  readonly #stream: NodeJS.WriteStream
  readonly #leave: boolean
  readonly #screen: Screen
  readonly #line: Line

  /** @param leave Whether the last state stays when the call has ended. */
  constructor(stream: NodeJS.WriteStream, leave: boolean) {
    screen ??= new Screen(stream)
    this.#screen = screen
    this.#stream = stream
    this.#leave = leave
    this.#line = screen.add()
  }

  show(shown: Shown): void {
    if (!shown.isOver) {
      this.#screen.set(this.#line, (columns) => barText(shown, columns))
      return
    }
    const text = barText(shown, (this.#stream.columns || 80) - 1)
    if (this.#screen.remove(this.#line, this.#leave ? text : undefined) && screen === this.#screen) screen = undefined
  }
}
