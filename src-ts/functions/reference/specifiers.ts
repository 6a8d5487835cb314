import { isBuiltin } from 'node:module'
import { TaskFunctionError } from '../../errors/index.js'
import { URL } from '../../primordials.js'

/**
 * What a dynamic `import()` in a function that travels by source means: the same everywhere, or undefined. A relative path
 * or the name of a package means something only inside of the module that the function was taken from.
 */
export function absoluteSpecifier(specifier: string): string | undefined {
  if (isBuiltin(specifier) || URL.canParse(specifier)) return specifier
  // As a module at file:///... would resolve it.
  return specifier.startsWith('/') ? new URL(specifier, 'file:///').href : undefined
}

/** The error for a specifier that {@linkcode absoluteSpecifier} cannot place. */
export function unresolvable(called: string, specifier: string): TaskFunctionError {
  return new TaskFunctionError(
    `${called} imports '${specifier}', which cannot be resolved outside its module: import an absolute URL, ` +
      `or export the function from a module and name it with task(url, 'name')`,
    { variable: specifier }
  )
}

/** @throws TaskFunctionError for a specifier that {@linkcode absoluteSpecifier} cannot place. */
export function checkSpecifiers(specifiers: readonly string[], called: string): void {
  const relative = specifiers.find((specifier) => absoluteSpecifier(specifier) === undefined)
  if (relative !== undefined) throw unresolvable(called, relative)
}
