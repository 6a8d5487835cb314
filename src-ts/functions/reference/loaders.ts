import { TaskFunctionError } from '../../errors/index.js'
import { Map } from '../../primordials.js'

/** The functions that a bundle or a test runner uses for `import()`. They load modules that only this process has. */
const LOADERS: ReadonlyMap<string, string> = new Map([
  ['__webpack_require__', 'webpack'],
  ['__vite_ssr_dynamic_import__', 'Vite']
])

/** @throws TaskFunctionError if a bundle or a test runner uses one of the names for `import()` */
export function refuseLoaders(names: readonly string[], called: string): void {
  for (const name of names) {
    const tool = LOADERS.get(name)
    if (tool === undefined) continue
    throw new TaskFunctionError(
      `${called} uses '${name}', which ${tool} has generated for import() or require(): import the module at the top of ` +
        `the file, or export the function from a module and name it with task(url, 'name')`,
      { variable: name }
    )
  }
}
