// Options of the commands that measure, checked; what is wrong with one ends the program.

/** Ends the program: what was asked for cannot be done. */
export function refuse(why) {
  process.stderr.write(`${why}\n`)
  process.exit(1)
}

/** The number that an option gives. */
export function countOf(name, text) {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) refuse(`--${name} takes a whole number from 1 on, not '${text}'`)
  return count
}

/** The words of a list that an option gives; each must fit one of the names. */
export function wordsOf(name, text, names, fits = (each, word) => each === word) {
  const words = text?.split(',')
  const unknown = words?.find((word) => !names.some((each) => fits(each, word)))
  if (unknown !== undefined) refuse(`--${name} does not know '${unknown}'; there are ${names.join(', ')}`)
  return words
}
