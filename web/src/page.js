// The script of the report: starts what the page holds data for. Without it the page is whole, only still.

import { showScene } from "./scene.js";
import { showSlices } from "./slices.js";

function start(name, show) {
  const data = document.getElementById(`${name}-data`);
  if (data === null) return;
  const ready = () => {
    document.getElementById(`${name}-missing`).hidden = true;
    performance.mark(`enbloc-${name}-ready`);
  };
  const failed = (problem) => {
    document.getElementById(name).hidden = true;
    console.warn(`enbloc: no ${name}: ${problem.message}`);
  };
  try {
    Promise.resolve(show(document.getElementById(name), JSON.parse(data.textContent))).then(ready, failed);
  } catch (problem) {
    failed(problem);
  }
}

start("scene", showScene);
requestAnimationFrame(() => setTimeout(start, 0, "slices", showSlices)); // once the scene's first picture is on its way
