import { emitWarning } from '../primordials.js'
import { currentEntry } from './caller.js'

/** The codes of the library's warnings. */
export type WarningCode =
  | 'MILLRACE_NO_PINNING'
  | 'MILLRACE_WORKER_ERROR'
  | 'MILLRACE_WORKER_EXIT'
  | 'MILLRACE_POOL_FAILED'
  | 'MILLRACE_LARGE_CAPTURE'
  | 'MILLRACE_TRACE'

/** Emits a process warning of the library. If a method of the API is running, the warning names the line of its caller. */
export function warn(code: WarningCode, text: string, detail?: string): void {
  emitWarning(text, {
    type: 'MillraceWarning',
    code,
    ctor: currentEntry() ?? warn,
    ...(detail === undefined ? {} : { detail })
  })
}
