import { types } from 'node:util'
import { Object, Symbol } from '../../primordials.js'
import { builtInPath } from './built-ins.js'
import { commonJsOf, givenBy, givesVariable, isCommonJsModule } from './exports.js'

/** Whether a value is a module, in the form of the language, a transpiler, a bundler or a test runner. */
export function isModuleLike(name: string, value: object): boolean {
  if (types.isModuleNamespaceObject(value) || /^__vi(te_ssr)?_import_\d+__$/.test(name)) return true
  if (types.isProxy(value)) return false
  return (
    isCommonJsModule(value) ||
    Object.getOwnPropertyDescriptor(value, '__esModule')?.value === true ||
    isInterop(value) ||
    hasOnlyGetters(value)
  )
}

/** Whether a value is a bundler's form of a namespace. */
export function hasOnlyGetters(value: object): boolean {
  if (types.isProxy(value)) return false
  // Other objects of getters, which may run anything, are the program's own.
  const tag: unknown = Object.getOwnPropertyDescriptor(value, Symbol.toStringTag)?.value
  const isMarked = Object.getPrototypeOf(value) === null || tag === 'Module'
  let isEmpty = true
  // The first property tells of most values: they may be long arrays, and tables of a hundred thousand names.
  for (const key in value) {
    if (!Object.hasOwn(value, key)) break
    const { get, set } = Object.getOwnPropertyDescriptor(value, key) ?? {}
    if (get === undefined || set !== undefined || !(isMarked || givesVariable(get))) return false
    isEmpty = false
  }
  return !isEmpty
}

/** Whether a value is a CommonJS module in the form of `__importDefault`, `__importStar` or `__toESM`: `{ default: module }`. */
function isInterop(value: object): boolean {
  const original: unknown = Object.getOwnPropertyDescriptor(value, 'default')?.value
  if ((typeof original !== 'object' && typeof original !== 'function') || original === null || types.isProxy(original))
    return false
  return builtInPath(original) !== undefined || commonJsOf(original) !== undefined || isCopyOf(value, original)
}

/** Whether a value has the form of Babel and SWC for `import *`: no prototype, the module as `default`, and copies of its members. */
function isCopyOf(value: object, original: object): boolean {
  if (Object.getPrototypeOf(value) !== null) return false
  const keys = Object.keys(value).filter((key) => key !== 'default')
  const memberOf = (holder: object, key: string): unknown => Object.getOwnPropertyDescriptor(holder, key)?.value
  return (
    keys.length > 0 &&
    keys.every((key) => Object.hasOwn(original, key) && Object.is(memberOf(value, key), memberOf(original, key)))
  )
}

/** Whether one of the members is a function. */
export function hasFunction(value: object, members: readonly string[]): boolean {
  return members.some((key) => typeof givenBy(value, Object.getOwnPropertyDescriptor(value, key)) === 'function')
}
