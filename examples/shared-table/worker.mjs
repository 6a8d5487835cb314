// @ts-check

/**
 * @param {number} at
 * @param {{ shared: { table: Float64Array } }} context
 * @returns {number}
 */
export const lookUp = (at, { shared }) => shared.table[at] ?? NaN
