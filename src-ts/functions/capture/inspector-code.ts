/** Code that the inspector runs in the realm of the engine's own globals. */

/** The global key of the mailbox while it is handed over. */
export const MAILBOX = 'millrace.mailbox'
// The engine's `require` of the command line exists even if the program has replaced `process`.
export const GET_MAILBOX: string = `(() => {
  try { return process.getBuiltinModule('node:inspector')['${MAILBOX}'] } catch {}
})() ?? require('node:inspector')['${MAILBOX}']`

// Runs in the realm of the engine's own objects and uses nothing that the program may have patched, such as arrays.
export const TAKE_SCOPES: string = `function (mailbox) {
  for (let at = 0; at < this.length; at++) mailbox.found[at] = { kind: this[at].description, variables: this[at].object }
}`
