"use strict";
(() => {
  const data = JSON.parse(document.getElementById("curve-data").textContent);
  const canvas = document.getElementById("canvas");
  const readout = document.getElementById("readout");
  const cursor = document.getElementById("cursor");
  const points = data.points;
  let current = -1;

  const timecode = (seconds) => {
    const tenths = Math.floor(Math.max(0, seconds) * 10 + 0.5);
    const whole = Math.floor(tenths / 10);
    const two = (value) => String(value).padStart(2, "0");
    const text = two(Math.floor(whole % 3600 / 60)) + ":" + two(whole % 60) + "." + tenths % 10;
    return whole >= 3600 ? Math.floor(whole / 3600) + ":" + text : text;
  };
  const words = (point) => {
    const cues = Object.entries(point[2]).sort((a, b) => b[1] - a[1]);
    const list = cues.map(([name, value]) => name + " " + value.toFixed(2)).join(", ");
    return timecode(point[0]) + "  score " + point[1].toFixed(2) + (list ? "  (" + list + ")" : "  (no cue)");
  };
  const nearest = (time) => {
    let low = 0;
    let high = points.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle][0] < time) { low = middle + 1; } else { high = middle; }
    }
    return low > 0 && time - points[low - 1][0] < points[low][0] - time ? low - 1 : low;
  };
  const show = (index) => {
    current = Math.min(points.length - 1, Math.max(0, index));
    const point = points[current];
    cursor.style.display = "block";
    cursor.style.left = 100 * point[0] / data.duration + "%";
    readout.textContent = words(point);
    canvas.setAttribute("aria-valuenow", point[0].toFixed(1));
    canvas.setAttribute("aria-valuetext", words(point));
  };
  if (canvas && points.length) {
    canvas.addEventListener("pointermove", (event) => {
      const area = canvas.getBoundingClientRect();
      show(nearest((event.clientX - area.left) / area.width * data.duration));
    });
    canvas.addEventListener("focus", () => {
      const highest = points.reduce((best, point, index) => (point[1] > points[best][1] ? index : best), 0);
      if (current < 0) { show(highest); }
    });
    canvas.addEventListener("keydown", (event) => {
      const page = Math.max(1, Math.round(points.length / 20));
      const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -page, PageUp: page, Home: -points.length, End: points.length };
      if (event.key in steps) {
        event.preventDefault();
        show(current + steps[event.key]);
      }
    });
  }
  for (const button of document.querySelectorAll("button[data-video]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const video = document.getElementById(button.dataset.video);
      video.currentTime = Number(button.dataset.time);
      video.scrollIntoView({ block: "nearest" });
      video.focus();
    });
  }
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) { part.open = true; }
  });
})();
