const URL_OF_BUNDLE = import.meta.url
const PLACE = /:\d+:\d+\)?$/

function isOwn(line: string): boolean {
  return line.includes(URL_OF_BUNDLE) && PLACE.test(line)
}

/** Frames of Node, and those without a place, which a frame of ours is called by or calls. */
function isBelow(line: string): boolean {
  return /^\s+at (?:.* \()?(?:node:|<anonymous>)/.test(line)
}

/** The stack of a task's error without the frames of what runs the task, which is nothing that its user has written. */
export function withoutOwnFrames(stack: string): string {
  if (!stack.includes(URL_OF_BUNDLE)) return stack
  let isDropping = false
  const kept = stack.split('\n').filter((line) => {
    isDropping = isOwn(line) || (isDropping && isBelow(line))
    return !isDropping
  })
  return kept.join('\n')
}
