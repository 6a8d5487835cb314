const URL_OF_BUNDLE = import.meta.url
const LOCATION = /:\d+:\d+\)?$/

function isOwn(line: string): boolean {
  return line.includes(URL_OF_BUNDLE) && LOCATION.test(line)
}

/** Whether a frame is Node's, or has no location. Such frames stand between ours. */
function isBelow(line: string): boolean {
  return /^\s+at (?:.* \()?(?:node:|<anonymous>)/.test(line)
}

/** The stack of a task's error without the frames of the code that runs the task. */
export function withoutOwnFrames(stack: string): string {
  if (!stack.includes(URL_OF_BUNDLE)) return stack
  let isDropping = false
  const kept = stack.split('\n').filter((line) => {
    isDropping = isOwn(line) || (isDropping && isBelow(line))
    return !isDropping
  })
  return kept.join('\n')
}
