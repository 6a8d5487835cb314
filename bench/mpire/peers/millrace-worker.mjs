import { convolve, countPrefixes, loadModel, predict } from '../work.mjs'

export const convolveShared = (filter, { shared: { pixels, width, stride } }) => convolve(pixels, width, stride, filter)

export const initCounts = ({ state }) => void (state.counts = new Map())
export const count = (words, { state }) => countPrefixes(state.counts, words)
export const exitCounts = ({ state }) => state.counts

export const initModel = ({ state, shared }) => void (state.weights = loadModel(shared.steps))
export const predictOne = (images, { state }) => predict(state.weights, images)
