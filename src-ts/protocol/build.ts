/** The bundler puts the version and a hash of the sources here. */
declare const MILLRACE_BUILD: string | undefined

/** What this code was built from. A worker whose code is another than its parent's is refused. */
export const build: string = typeof MILLRACE_BUILD === 'undefined' ? 'sources' : MILLRACE_BUILD
