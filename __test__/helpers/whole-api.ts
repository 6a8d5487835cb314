import type { TestFn } from 'ava'

import { run } from './run.js'

/** The side whose globals are replaced. */
export type Where = 'parent' | 'worker'

const BOTH: readonly Where[] = ['parent', 'worker']

// What `fixtures/replacements.mjs` does to the globals after the library was loaded, where `fixtures/replaced-globals.mjs` then
// uses the whole API.
const replacements: Readonly<Record<string, readonly Where[]>> = {
  everyGlobal: BOTH,
  everyStaticFunction: BOTH,
  everyFunctionOfTheProcess: BOTH,
  missingProcessAndBuffer: BOTH,
  fakeTimersOfNode: BOTH,
  frozenClockAndTimers: BOTH,
  frozenMethodOfTheClock: BOTH,
  promiseSubclass: BOTH,
  promiseOfAZone: BOTH,
  // In a worker `import()` itself calls them.
  promiseMethodsThrow: ['parent'],
  thenOfPromiseSwallows: ['parent'],
  toJsonOfClasses: BOTH,
  additionsToPrototypes: BOTH,
  settersOnPrototypes: BOTH,
  // Node's own inspector does not stand it in the parent.
  toJsonOfObjects: ['worker'],
  descriptorsOnPrototypes: BOTH,
  methodsOfCollections: BOTH,
  textOfFunctions: BOTH,
  prepareStackTraceThrows: BOTH,
  prepareStackTraceOfFrames: BOTH,
  prepareStackTraceOfNothing: BOTH,
  noStacks: BOTH,
  noStackTraceLimit: BOTH,
  fixedStackTraceLimit: BOTH,
  captureStackTraceThrows: BOTH,
  frozenPrototypes: BOTH
}

/** A test for each replacement in that process. The two processes have a spec each, so that they run beside each other. */
export function testWholeApi(test: TestFn, where: Where): void {
  for (const [name, places] of Object.entries(replacements)) {
    if (!places.includes(where)) continue
    test.serial(`the whole API works with ${name} in the ${where}`, async (t) => {
      const { code, lines, stderr } = await run(t, 'replaced-globals.mjs', [where, name], {
        execArgv: ['--no-warnings']
      }).end
      t.deepEqual(lines, ['ok'], stderr)
      t.is(code, 0)
    })
  }
}
