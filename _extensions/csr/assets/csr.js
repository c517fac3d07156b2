// Draws the charts of the report. Every page of it loads this file: Quarto's, the embedded
// renderer's and the published notebooks'; nothing here depends on a page's frame.
document.addEventListener("DOMContentLoaded", () => {
  const options = { renderer: "svg", actions: false, tooltip: true };

  for (const chart of document.querySelectorAll(".csr-chart")) {
    const source = chart.querySelector('script[type="application/json"]');
    if (!source || !window.vegaEmbed) continue;
    const picture = chart.querySelector(".csr-static");
    const canvas = document.createElement("div");
    canvas.className = "csr-canvas";
    chart.append(canvas);
    if (picture) picture.hidden = true;
    Promise.resolve()
      .then(() => window.vegaEmbed(canvas, JSON.parse(source.textContent), options))
      // The picture that stood here until now, and stays where scripts don't run.
      .then(() => chart.querySelector(".csr-static")?.remove())
      .catch((error) => {
        canvas.textContent = `The interactive chart could not be drawn: ${error.message}`;
        if (picture) picture.hidden = false;
      });
  }
});
