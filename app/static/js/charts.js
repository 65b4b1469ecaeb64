// Draws the tables of the figures as pictures. The numbers are those of the table that stands below each, and
// the colours those of the page, light or dark; on paper they are black.

const PAPER = { ink: "#000", muted: "#333", line: "#999", brand: "#000", field: "#999" };
const NAMES = { ink: "--ink", muted: "--muted", line: "--line", brand: "--brand", field: "--field-line" };

// The library empties its own box before it draws, which is the only text it may write as markup.
window.trustedTypes?.createPolicy("default", { createHTML: (text) => (text === "" ? text : null) });

function coloursOfPage() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(Object.entries(NAMES).map(([name, key]) => [name, style.getPropertyValue(key).trim()]));
}

// Columns whose head says data-plain are for reading alone. What is no number leaves a gap.
function read(table) {
  const drawn = [...table.tHead.rows[0].cells].slice(1).filter((cell) => !("plain" in cell.dataset));
  const rows = [...table.tBodies[0].rows];
  const values = drawn.map(({ cellIndex }) => rows.map((row) => Number.parseFloat(row.cells[cellIndex].textContent)));
  return { heads: drawn.map((cell) => cell.textContent), labels: rows.map((row) => row.cells[0].textContent), values };
}

function options({ heads, labels, values }, kind, colours) {
  const shades = [colours.brand, colours.field];
  const text = { color: colours.muted };
  return {
    animation: false,
    color: shades,
    textStyle: { color: colours.ink, fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 44, right: 12, top: heads.length > 1 ? 36 : 16, bottom: 28 },
    legend: { show: heads.length > 1, top: 0, textStyle: { color: colours.ink } },
    tooltip: { trigger: "axis", renderMode: "richText" },
    xAxis: { type: "category", data: labels, axisLabel: text, axisLine: { lineStyle: { color: colours.line } } },
    yAxis: { type: "value", minInterval: 1, axisLabel: text, splitLine: { lineStyle: { color: colours.line } } },
    series: heads.map((name, at) => ({ name, type: kind, data: values[at], symbolSize: 6 })),
  };
}

const charts = [...document.querySelectorAll("[data-chart]")].map((box) => {
  box.hidden = false;
  const chart = window.echarts.init(box, null, { renderer: "canvas" });
  new ResizeObserver(() => chart.resize()).observe(box);
  return { chart, kind: box.dataset.kind, numbers: read(document.getElementById(box.dataset.chart)) };
});

function paint(colours) {
  charts.forEach(({ chart, kind, numbers }) => chart.setOption(options(numbers, kind, colours)));
}

paint(coloursOfPage());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(coloursOfPage()));
window.addEventListener("beforeprint", () => paint(PAPER));
window.addEventListener("afterprint", () => paint(coloursOfPage()));
