// What `npm run windows` does not run, because Windows or wine has none of it. Each has its reason.

/** @type {readonly { spec: string, title: string, reason: string }[]} by title */
export const apart = []

/** The specs that are run. */
export const specs = ['apply', 'imap', 'map']
