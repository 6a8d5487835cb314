// How a cost grows: the exponent of a power law through its upper half, where fixed costs no longer count.

/**
 * The slope of the line through the logarithms: 1 is linear, 2 quadratic, 0 does not grow.
 *
 * @param {readonly { size: number, cost: number }[]} points in ascending order of size; two or more
 */
export function fitExponent(points) {
  const upper = points.slice(Math.min(Math.floor(points.length / 2), points.length - 2))
  const logs = upper.map(({ size, cost }) => [Math.log(size), Math.log(cost)])
  const mean = (column) => logs.reduce((sum, log) => sum + log[column], 0) / logs.length
  const [meanSize, meanCost] = [mean(0), mean(1)]
  const covariance = logs.reduce((sum, [size, cost]) => sum + (size - meanSize) * (cost - meanCost), 0)
  const variance = logs.reduce((sum, [size]) => sum + (size - meanSize) ** 2, 0)
  return covariance / variance
}
