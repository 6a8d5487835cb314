import { isBuiltin } from 'node:module'
import { TaskFunctionError } from '../../errors/index.js'
import { URL } from '../../primordials.js'

/**
 * The specifier of a dynamic `import()`, if it means the same everywhere; otherwise undefined. A relative path or the name of a package
 * only has a meaning inside the module of the function.
 */
export function absoluteSpecifier(specifier: string): string | undefined {
  if (isBuiltin(specifier) || URL.canParse(specifier)) return specifier
  // As a module at file:///... would resolve it.
  return specifier.startsWith('/') ? new URL(specifier, 'file:///').href : undefined
}

/** The error for a specifier that {@linkcode absoluteSpecifier} cannot resolve. */
export function unresolvable(called: string, specifier: string): TaskFunctionError {
  return new TaskFunctionError(
    `${called} imports '${specifier}', which cannot be resolved outside its module: import an absolute URL, ` +
      `or export the function from a module and name it with task(url, 'name')`,
    { variable: specifier }
  )
}

/** @throws TaskFunctionError for a specifier that {@linkcode absoluteSpecifier} cannot resolve */
export function checkSpecifiers(specifiers: readonly string[], called: string): void {
  const relative = specifiers.find((specifier) => absoluteSpecifier(specifier) === undefined)
  if (relative !== undefined) throw unresolvable(called, relative)
}
