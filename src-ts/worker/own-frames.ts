const LOCATION = /:\d+:\d+\)?$/

/** Whether a frame is Node's, or has no location. Such frames stand between ours. */
function isBelow(line: string): boolean {
  return /^\s+at (?:.* \()?(?:node:|<anonymous>)/.test(line)
}

/**
 * Makes a filter for the stacks of tasks' errors. It removes the frames of the code that runs the tasks.
 * @param places The prefixes of the locations of these frames.
 */
export function withoutFramesOf(places: readonly string[]): (stack: string) => string {
  const isIn = (text: string): boolean => places.some((place) => text.includes(place))
  return (stack) => {
    if (!isIn(stack)) return stack
    let isDropping = false
    const kept = stack.split('\n').filter((line) => {
      isDropping = (isIn(line) && LOCATION.test(line)) || (isDropping && isBelow(line))
      return !isDropping
    })
    return kept.join('\n')
  }
}
