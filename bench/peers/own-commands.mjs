// Commands that only millrace has.

/** @param {Awaited<ReturnType<typeof import('./millrace.mjs').prepare>>} own @param {number} _workers */
export function ownCommands(own, _workers) {
  return { hasSharedArray: () => Number(typeof own.millrace.sharedArray === 'function') }
}
