/** Code that the inspector runs in the realm of the engine's own globals. */

/** Where the mailbox is, while it is handed over. */
export const MAILBOX = 'millrace.mailbox'
// The engine's own `require` of the command line is there where the program has replaced `process`.
export const GET_MAILBOX: string = `(() => {
  try { return process.getBuiltinModule('node:inspector')['${MAILBOX}'] } catch {}
})() ?? require('node:inspector')['${MAILBOX}']`

// Runs in the realm of the engine's own objects, with nothing of the program's: arrays may be patched.
export const TAKE_SCOPES: string = `function (mailbox) {
  for (let at = 0; at < this.length; at++) mailbox.found[at] = { kind: this[at].description, variables: this[at].object }
}`
