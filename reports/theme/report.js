// Draws each chart in the colours of the reader's setting, and again when that or the width changes.
(function () {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 520px)");

  // Cells stay light enough (or dark enough) for the ink written on them, all along the scale.
  const palettes = {
    light: {
      lines: ["#1f6f8b", "#c8553d", "#588157", "#8d6a9f", "#b08900", "#5f6c7b"],
      amount: ["#f1f6f8", "#7db4c9"],
      difference: ["#7db4c9", "#ffffff", "#e59a86"],
    },
    dark: {
      lines: ["#6cc0dc", "#f28f79", "#9cc69b", "#c6a4d8", "#e3c14c", "#aab6c3"],
      amount: ["#22323b", "#2a6479"],
      difference: ["#2a6479", "#1d2125", "#8a4a3b"],
    },
  };

  // Long names take half of a phone's width unless they are broken into lines.
  function wrap(name, width) {
    const lines = [""];
    name.split(" ").forEach((word) => {
      const line = lines[lines.length - 1];
      if (line && line.length + word.length >= width) lines.push(word);
      else lines[lines.length - 1] = line ? line + " " + word : word;
    });
    return lines.join("<br>");
  }

  function evenly(colours) {
    return colours.map((colour, index) => [index / (colours.length - 1), colour]);
  }

  function draw(chart) {
    const { data, layout } = JSON.parse(chart.querySelector("script").textContent);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const palette = palettes[dark.matches ? "dark" : "light"];
    const axis = {
      gridcolor: colour("--line"), zerolinecolor: colour("--line"), ticks: "", ticklabelstandoff: 6,
      automargin: true, showspikes: false,
      // A finger on a chart shall scroll the page.
      fixedrange: true,
    };
    layout.xaxis = Object.assign({}, axis, layout.xaxis);
    layout.yaxis = Object.assign({}, axis, layout.yaxis);
    if (layout.yaxis2) layout.yaxis2 = Object.assign({}, axis, layout.yaxis2);
    data.forEach((trace) => {
      if (trace.type === "heatmap") {
        trace.colorscale = evenly(trace.zmid === undefined ? palette.amount : palette.difference);
        trace.textfont = { color: colour("--ink") };
        // So many numbers cannot be read on a phone; the colours can.
        const isCrowded = narrow.matches && trace.x.length > 8;
        if (isCrowded) delete trace.texttemplate;
        layout.xaxis.tickvals = trace.x;
        layout.xaxis.ticktext = isCrowded ? trace.x : trace.x.map((name) => wrap(name, 11));
        if (isCrowded && trace.x.some((name) => name.includes(" "))) layout.xaxis.tickangle = -90;
      }
      if (narrow.matches && trace.type === "scatterpolar") {
        trace.theta = trace.theta.map((name) => wrap(name, 12));
      }
    });
    if (narrow.matches && layout.yaxis.type === "category") {
      layout.yaxis.tickvals = [...new Set(data.flatMap((trace) => trace.y))];
      layout.yaxis.ticktext = layout.yaxis.tickvals.map((name) => wrap(name, 18));
    }
    const dashed = { color: colour("--quiet"), width: 1.5, dash: "dash" };
    (layout.shapes || []).forEach((shape) => { shape.line = dashed; });
    data.forEach((trace) => {
      if (!trace.meta) return;
      if (trace.meta.reference) {
        trace.line = dashed;
        return;
      }
      if (trace.meta.density) {
        trace.marker = { color: colour("--quiet"), opacity: 0.55 };
        return;
      }
      if (trace.meta.dots !== undefined) {
        const own = palette.lines[trace.meta.dots % palette.lines.length];
        trace.marker = { color: own, size: 9 };
        [trace.error_x, trace.error_y].forEach((bars) => {
          if (bars) Object.assign(bars, { color: own, width: 4 });
        });
        return;
      }
      const isBand = trace.meta.band !== undefined;
      const number = isBand ? trace.meta.band : trace.meta.line;
      const own = palette.lines[number % palette.lines.length];
      if (trace.type === "scatter3d") trace.marker.color = own;
      else trace.line = Object.assign({}, trace.line, { color: own, width: isBand ? 0 : 2 });
      if (isBand) trace.fillcolor = own + "33";
    });
    const isRadar = data.some((trace) => trace.type === "scatterpolar");
    const isRound = isRadar || data.some((trace) => trace.type === "scatter3d");
    if (isRound) {
      // A new object for each axis: Plotly writes into what it is given.
      const flat = () => ({ gridcolor: colour("--line"), linecolor: colour("--line"),
                            zerolinecolor: colour("--line") });
      layout.polar = { bgcolor: colour("--card"), domain: { y: [0.02, 0.9] }, angularaxis: flat(),
                       radialaxis: Object.assign(flat(), { angle: 90, tickangle: 90 }) };
      layout.scene = Object.assign({ dragmode: "turntable", aspectmode: "cube",
                                     camera: { eye: { x: 1.7, y: 1.5, z: 0.9 } } }, layout.scene);
      ["xaxis", "yaxis", "zaxis"].forEach((name) => {
        layout.scene[name] = Object.assign({ backgroundcolor: colour("--card") }, flat(),
                                           layout.scene[name]);
      });
    }
    Object.assign(layout, {
      autosize: true,
      paper_bgcolor: colour("--card"),
      plot_bgcolor: colour("--card"),
      colorway: palette.lines,
      font: { color: colour("--ink"), family: style.fontFamily, size: narrow.matches ? 11 : 12 },
      // The names around a circle stand outside of what Plotly keeps room for.
      margin: isRadar ? { l: 60, r: 60, t: 48, b: 40 } : { l: 8, r: 12, t: 8, b: 8 },
      bargap: 0.25,
      dragmode: false,
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom",
                itemclick: isRound && "toggle", itemdoubleclick: isRound && "toggleothers",
                itemsizing: "constant", traceorder: "normal" },
      hoverlabel: { namelength: -1, bgcolor: colour("--card"), bordercolor: colour("--line"),
                    font: { color: colour("--ink") } },
    });
    Plotly.react(chart.querySelector(".plot"), data, layout,
                 { responsive: true, displayModeBar: false });
  }

  function drawAll() {
    document.querySelectorAll(".chart:has(script)").forEach(draw);
  }

  // What a link leads to may stand in boxes that are closed.
  function openTarget() {
    const target = document.getElementById(window.location.hash.slice(1));
    if (!target) return;
    let box = target.closest("details");
    while (box) {
      box.open = true;
      box = box.parentElement.closest("details");
    }
    target.scrollIntoView();
  }

  window.addEventListener("hashchange", openTarget);
  document.addEventListener("click", (event) => {
    // Followed a second time, a link changes no hash.
    const link = event.target.closest("a");
    if (link && link.hash && link.hash === window.location.hash) window.setTimeout(openTarget);
  });

  dark.addEventListener("change", drawAll);
  narrow.addEventListener("change", drawAll);
  drawAll();
  openTarget();
})();
