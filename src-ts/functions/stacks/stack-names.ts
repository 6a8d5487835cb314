/** The prefix of a name in the frames of a worker that the parent has to map. */
export const PREFIX = 'millrace:'

/**
 * The name of a text that is not on its own line and column, but begins on the second line.
 * @param name With or without the prefix.
 */
export function nameWithOffset(name: string, line: number, column: number): string {
  return `${PREFIX}@${line},${column}:${/^millrace:(file:|!)/.test(name) ? name.slice(PREFIX.length) : name}`
}
