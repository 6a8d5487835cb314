/** A position in a text. Line and column count from 0. */
export interface Position {
  readonly line: number
  readonly column: number
}

// The line ends of the engine.
const LINE_END = /\r\n|[\n\r\u2028\u2029]/g

/** Converts offsets of a text into lines and columns, and back. */
export class Lines {
  readonly #starts: number[] = [0]
  readonly #first: Position

  /** @param first The position that the engine gives to the beginning of the text. */
  constructor(text: string, first: Position) {
    this.#first = first
    for (const end of text.matchAll(LINE_END)) this.#starts.push(end.index + end[0].length)
  }

  offsetOf({ line, column }: Position): number {
    const at = line - this.#first.line
    return (this.#starts[at] ?? 0) + column - (at === 0 ? this.#first.column : 0)
  }

  positionOf(offset: number): Position {
    let low = 0
    for (let high = this.#starts.length; high - low > 1;) {
      const middle = (low + high) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    const column = offset - (this.#starts[low] ?? 0) + (low === 0 ? this.#first.column : 0)
    return { line: low + this.#first.line, column }
  }
}
