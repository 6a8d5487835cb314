/** What the main bundle lends to the one that it loads on demand, by file the names. */
export type Internals = Readonly<Record<string, object>>

let internals: Internals | undefined

/** The build calls it, at the end of the main bundle. */
export function provideInternals(given: Internals): void {
  internals = given
}

export function ownInternals(): Internals {
  if (internals === undefined) throw new Error('the sources are not bundled: import dist/index.js')
  return internals
}
