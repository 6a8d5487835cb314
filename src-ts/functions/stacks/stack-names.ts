/** Before a name in the frames of a worker: the parent has to say what the place is. */
export const PREFIX = 'millrace:'

/**
 * The name of a text that is not put on its own line and column: it begins on the second line.
 * @param name With or without the prefix.
 */
export function nameWithOffset(name: string, line: number, column: number): string {
  return `${PREFIX}@${line},${column}:${/^millrace:(file:|!)/.test(name) ? name.slice(PREFIX.length) : name}`
}
