// One picture with a panel per benchmark: how many times as fast as without workers each peer is.
import { drawSvg } from '../svg.mjs'

const WIDTH = 300
const HEIGHT = 230
const OURS = 'millrace'

/**
 * @param {readonly { title: string, speedUps: readonly (readonly [string, number])[] }[]} panels
 * @param {number} workers where ideal speed-ups end
 * @returns {string} an SVG document
 */
export function plot(panels, workers) {
  const highest = Math.max(workers, ...panels.flatMap(({ speedUps }) => speedUps.map(([, value]) => value)))
  return drawSvg(panels.length * WIDTH, HEIGHT, {
    title: panels.map(({ title }, at) => ({
      text: title,
      subtext: 'times as fast as without workers',
      left: at * WIDTH + 16,
      top: 6,
      textStyle: { fontSize: 13 },
      subtextStyle: { fontSize: 11 },
      itemGap: 3
    })),
    grid: panels.map((_, at) => ({ left: at * WIDTH + 84, top: 56, width: WIDTH - 120, height: HEIGHT - 90 })),
    xAxis: panels.map((_, gridIndex) => ({
      type: 'value',
      gridIndex,
      min: 0,
      max: Math.ceil(2 * highest) / 2,
      interval: 0.5,
      splitLine: { lineStyle: { opacity: 0.4 } }
    })),
    yAxis: panels.map(({ speedUps }, gridIndex) => ({
      type: 'category',
      gridIndex,
      inverse: true,
      axisTick: { show: false },
      data: speedUps.map(([name]) => name)
    })),
    series: panels.map(({ speedUps }, at) => ({
      type: 'bar',
      xAxisIndex: at,
      yAxisIndex: at,
      barCategoryGap: '35%',
      label: { show: true, position: 'right', formatter: ({ value }) => value.toFixed(2) },
      data: speedUps.map(([name, value]) => ({ value, itemStyle: { color: name === OURS ? '#4a6fdc' : '#b4bdd0' } })),
      markLine: {
        silent: true,
        symbol: 'none',
        label: { show: false },
        lineStyle: { color: '#888888' },
        data: [{ xAxis: 1 }]
      }
    }))
  })
}
