/** A trace that is being written, see `pool.trace`. */
export interface Trace extends AsyncDisposable {
  /** The path of the file. */
  readonly file: string
  /**
   * Writes the rest and closes the file. Tasks go on. A second call waits for the same end. Rejects if the file could not be written, then
   * or before, with the `code` of the system.
   */
  stop(): Promise<void>
}
