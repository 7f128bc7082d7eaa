// Draws each chart in the colours of the reader's setting, and again when that changes.
(function () {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colourway = {
    light: ["#1f6f8b", "#c8553d", "#588157", "#8d6a9f", "#b08900", "#5f6c7b"],
    dark: ["#6cc0dc", "#f28f79", "#9cc69b", "#c6a4d8", "#e3c14c", "#aab6c3"],
  };
  // One colour scale per purpose, for both settings: from the card's colour to the accent.
  const scales = {
    light: { Blues: [[0, "#eef5f8"], [1, "#1f6f8b"]] },
    dark: { Blues: [[0, "#20303a"], [1, "#6cc0dc"]] },
  };

  function isSequential(scale) {
    return Array.isArray(scale) && scale.length > 0 && !scale.diverging;
  }

  function draw(figure) {
    const plot = figure.querySelector(".plot");
    const content = JSON.parse(figure.querySelector("script").textContent);
    const mode = dark.matches ? "dark" : "light";
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), automargin: true };
    const layout = content.layout;
    delete layout.template;
    layout.xaxis = Object.assign({}, axis, layout.xaxis);
    layout.yaxis = Object.assign({}, axis, layout.yaxis);
    content.data.forEach((trace) => {
      if (trace.type === "heatmap" && trace.zmid === undefined && isSequential(trace.colorscale)) {
        trace.colorscale = scales[mode].Blues;
      }
      if (trace.type === "heatmap" && trace.zmid !== undefined) {
        trace.colorscale = [[0, colourway[mode][0]], [0.5, colour("--card")], [1, colourway[mode][1]]];
        trace.reversescale = false;
      }
    });
    Object.assign(layout, {
      autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      colorway: colourway[mode],
      font: { color: colour("--ink"), family: "system-ui, sans-serif", size: 12 },
      margin: { l: 12, r: 12, t: 8, b: 12 },
      legend: { orientation: "h", y: -0.18 },
      hoverlabel: { namelength: -1 },
    });
    Plotly.react(plot, content.data, layout, { responsive: true, displayModeBar: false });
  }

  function drawAll() {
    document.querySelectorAll(".chart").forEach(draw);
  }

  dark.addEventListener("change", drawAll);
  drawAll();
})();
