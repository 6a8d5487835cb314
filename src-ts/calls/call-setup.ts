/** What the workers of a call do before its tasks. */
export interface CallSetup {
  /** Its current number for the back end. */
  id(): number
  /** Whether this is its current number. */
  has(id: number): boolean
  /** A call that names it has begun, or ended. */
  use(): void
  unuse(): void
  /** What messages call it. */
  readonly what: string
}

/** The number of a call's setup for the back end, or 0 for none. */
export function setupId(setup: CallSetup | undefined): number {
  return setup === undefined ? 0 : setup.id()
}
