// @ts-check

const isTerminal = process.stderr.isTTY === true
/** A terminal's line is rewritten; a log gets a new line, less often. */
const intervalMs = isTerminal ? 100 : 2000

/**
 * Tells on stderr how far a run is.
 *
 * @param {string} label
 * @param {number} total
 * @returns {{ step: () => void, end: () => void }} `step` after each file, `end` after the last
 */
export function progress(label, total) {
  const start = performance.now()
  let done = 0
  let lastMs = start
  const write = () => {
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    const line = `${label} ${done} of ${total} files, ${seconds} s`
    process.stderr.write(isTerminal ? `\r${line}\x1b[K` : `${line}\n`)
  }
  return {
    step() {
      done += 1
      const now = performance.now()
      if (now - lastMs < intervalMs) return
      lastMs = now
      write()
    },
    end() {
      write()
      if (isTerminal) process.stderr.write('\n')
    }
  }
}

/**
 * Lays out rows in columns: the first to the left, the others to the right.
 *
 * @param {readonly (readonly (string | number)[])[]} rows
 * @returns {string}
 */
export function table(rows) {
  const cells = rows.map((row) => row.map(String))
  const widths = cells.reduce(
    (widest, row) => row.map((cell, i) => Math.max(cell.length, widest[i] ?? 0)),
    /** @type {number[]} */ ([])
  )
  const pad = (/** @type {string} */ cell, /** @type {number} */ i) =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)
  return cells.map((row) => row.map(pad).join('   ').trimEnd()).join('\n')
}
