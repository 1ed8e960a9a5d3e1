// Draws the panels of the dashboard with Grafana's own components. window.DASHBOARD is what read.py has written.
import 'uplot/dist/uPlot.min.css';
import { createRoot } from 'react-dom/client';
import { createTheme, dateTime, FieldType, getDisplayProcessor, ThemeContext, toDataFrame } from '@grafana/data';
import {
  BigValue, BigValueColorMode, BigValueGraphMode, GlobalStyles, LegendDisplayMode, PanelChrome, TimeSeries,
} from '@grafana/ui';

const { panels, from, to } = window.DASHBOARD;
const theme = createTheme({ colors: { mode: 'dark' } });
const range = { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
// Pixels of a unit of the dashboard's grid, and between two panels.
const column = 1400 / 24, row = 38, gap = 6;

function frameOf(panel, { name, times, values }, index) {
  const config = {
    ...panel.defaults,
    displayName: name,
    color: { mode: panel.type === 'stat' ? 'thresholds' : 'palette-classic' },
    thresholds: { mode: 'absolute', steps: [{ value: -Infinity, color: 'green' }] },
    custom: { drawStyle: 'line', lineWidth: 1, axisPlacement: 'auto', ...panel.defaults.custom },
  };
  const frame = toDataFrame({
    fields: [
      { name: 'Time', type: FieldType.time, values: times, config: {} },
      { name: 'Value', type: FieldType.number, values, config },
    ],
  });
  for (const field of frame.fields) {
    field.state = { ...field.state, seriesIndex: index };
    field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
  }
  return frame;
}

function Inside({ panel, width, height }) {
  const frames = panel.series.map((series, index) => frameOf(panel, series, index));
  if (frames.length === 0) return <div>No data</div>;
  if (panel.type === 'stat') {
    const field = frames[0].fields[1];
    return <BigValue width={width} height={height} theme={theme} value={field.display(field.values.at(-1))}
      colorMode={BigValueColorMode.Value} graphMode={BigValueGraphMode.None} />;
  }
  return <TimeSeries width={width} height={height} frames={frames} timeRange={range} timeZone="utc"
    legend={{ showLegend: true, displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [] }} />;
}

function Panel({ panel }) {
  const { x, y, w, h } = panel.gridPos;
  const width = w * column - gap, height = h * row - gap;
  const style = { position: 'absolute', left: x * column, top: y * row, width, height };
  if (panel.type === 'row') return <div style={{ ...style, paddingTop: 8 }}>{panel.title}</div>;
  return <div style={style}>
    <PanelChrome title={panel.title} width={width} height={height}>
      {(innerWidth, innerHeight) => <Inside panel={panel} width={innerWidth} height={innerHeight} />}
    </PanelChrome>
  </div>;
}

createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    {panels.map((panel) => <Panel key={panel.title} panel={panel} />)}
  </ThemeContext.Provider>);
