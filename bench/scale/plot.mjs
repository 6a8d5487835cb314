// One picture with a panel per cost: seconds over size, both axes logarithmic, so that a power law is a straight line.
import { drawSvg } from '../svg.mjs'

const WIDTH = 340
const HEIGHT = 230
const COLUMNS = 3

/** A number as an axis label: 1, 100, 1e6. */
function label(value) {
  return value >= 1e4 || value < 1e-3 ? value.toExponential().replace('+', '') : String(value)
}

/** The next power of ten below or above. */
const decade = (value, round) => 10 ** round(Math.log10(value))

/**
 * @param {readonly { title: string, grows: string, exponent: number, points: readonly { size: number, cost: number }[] }[]} panels
 * @returns {string} an SVG document
 */
export function plot(panels) {
  const rows = Math.ceil(panels.length / COLUMNS)
  const places = panels.map((_, at) => [(at % COLUMNS) * WIDTH, Math.floor(at / COLUMNS) * HEIGHT])
  const axis = {
    type: 'log',
    axisLabel: { formatter: label, hideOverlap: true },
    splitLine: { lineStyle: { opacity: 0.4 } }
  }
  return drawSvg(COLUMNS * WIDTH, rows * HEIGHT, {
    title: panels.map(({ title, grows, exponent }, at) => ({
      text: title,
      subtext: `seconds over ${grows}: a power of ${exponent.toFixed(2)}`,
      left: places[at][0] + 16,
      top: places[at][1] + 6,
      textStyle: { fontSize: 13 },
      subtextStyle: { fontSize: 11 },
      itemGap: 3
    })),
    grid: places.map(([left, top]) => ({ left: left + 62, top: top + 52, width: WIDTH - 90, height: HEIGHT - 90 })),
    xAxis: panels.map(({ points }, gridIndex) => ({
      ...axis,
      gridIndex,
      min: points[0].size,
      max: points.at(-1).size
    })),
    yAxis: panels.map(({ points }, gridIndex) => ({
      ...axis,
      gridIndex,
      min: decade(Math.min(...points.map(({ cost }) => cost)), Math.floor),
      max: decade(Math.max(...points.map(({ cost }) => cost)), Math.ceil)
    })),
    series: panels.map(({ points }, at) => ({
      type: 'line',
      color: '#4a6fdc',
      xAxisIndex: at,
      yAxisIndex: at,
      symbolSize: 6,
      data: points.map(({ size, cost }) => [size, cost])
    }))
  })
}
