// Conveniences; every page works without them.
"use strict";

// `/` leads to the search, as in many programs.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("input[type=search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// A link to a line opens what is folded in it.
function unfold() {
  const folded = document.querySelector(".lines li:target details");
  if (folded) folded.open = true;
}
window.addEventListener("hashchange", unfold);
window.addEventListener("pageshow", unfold);

// Dragging over a histogram zooms to these times.
for (const plot of document.querySelectorAll("svg.histogram")) {
  const since = Number(plot.dataset.since);
  const until = Number(plot.dataset.until);
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  mark.setAttribute("class", "brush");
  mark.setAttribute("height", "100");
  let begin = null;
  const share = (event) => {
    const box = plot.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const shown = (event) => {
    const [from, to] = [begin, share(event)].sort((a, b) => a - b);
    mark.setAttribute("x", String(from * 1000));
    mark.setAttribute("width", String((to - from) * 1000));
    return [from, to];
  };
  plot.addEventListener("dragstart", (event) => event.preventDefault());
  plot.addEventListener("pointerdown", (event) => {
    if (event.button === 0) begin = share(event);
  });
  window.addEventListener("pointermove", (event) => {
    if (begin === null) return;
    if (!mark.isConnected) plot.append(mark);
    shown(event);
  });
  window.addEventListener("pointerup", (event) => {
    if (begin === null) return;
    const [from, to] = shown(event);
    begin = null;
    mark.remove();
    // A click on a bar is the bar's own link.
    if (to - from < 0.01) return;
    plot.addEventListener("click", (click) => click.preventDefault(), { once: true, capture: true });
    const at = (part) => new Date(Math.round(since + (until - since) * part)).toISOString();
    const zoomed = new URL(location.href);
    zoomed.searchParams.set("since", at(from));
    zoomed.searchParams.set("until", at(to));
    zoomed.searchParams.delete("page");
    zoomed.hash = "";
    location.assign(zoomed);
  });
}
