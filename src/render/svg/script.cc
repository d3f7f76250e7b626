#include "render/svg/script.h"

namespace leakscope::render::svg {

std::string_view script() {
  static constexpr std::string_view kScript = R"js(
"use strict";
(function () {
  var LEFT = 10, WIDTH = 1180, LETTER = 7.25, NEAR = 1e-6;
  var root = (document.currentScript && document.currentScript.ownerSVGElement) || document.documentElement;
  var bars = Array.from(root.querySelectorAll(".bar"));
  var told = root.querySelector("#told"), found = root.querySelector("#found");
  var reset = root.querySelector("#reset"), search = root.querySelector("#search");
  var last_word = "";

  function figure(bar, name) { return parseFloat(bar.getAttribute("data-" + name)); }
  function title(bar) { return bar.querySelector("title").textContent; }
  function label(bar) { return title(bar).split("\n")[0]; }

  function fit(bar, x, width) {
    bar.querySelectorAll("rect").forEach(function (rect) {
      rect.setAttribute("x", x.toFixed(2));
      rect.setAttribute("width", width.toFixed(2));
    });
    var text = bar.querySelector("text"), letters = Array.from(label(bar));
    var room = Math.floor((width - 6) / LETTER);
    text.setAttribute("x", (x + 3).toFixed(2));
    text.textContent = room < 3 ? "" : letters.length <= room ? letters.join("")
                                                             : letters.slice(0, room - 2).join("") + "..";
  }

  function zoom(to) {
    var from = figure(to, "x"), span = figure(to, "w"), row = figure(to, "r");
    bars.forEach(function (bar) {
      var x = figure(bar, "x"), w = figure(bar, "w"), r = figure(bar, "r");
      var below = r < row && x <= from + NEAR && x + w >= from + span - NEAR;
      var within = r >= row && x >= from - NEAR && x + w <= from + span + NEAR;
      bar.style.display = below || within ? "" : "none";
      bar.classList.toggle("past", below);
      if (below) fit(bar, LEFT, WIDTH);
      if (within) fit(bar, LEFT + (x - from) / span * WIDTH, w / span * WIDTH);
    });
    reset.style.display = row > 0 ? "" : "none";
  }

  // A bar on top of a marked one is part of it, and not counted again.
  function mark(word) {
    var counted = [], sum = 0;
    word = word.toLowerCase();
    bars.forEach(function (bar) {
      var hit = word !== "" && label(bar).toLowerCase().indexOf(word) >= 0;
      bar.classList.toggle("hit", hit);
      if (!hit) return;
      var x = figure(bar, "x"), w = figure(bar, "w");
      if (counted.some(function (c) { return x >= c[0] - NEAR && x + w <= c[1] + NEAR; })) return;
      counted.push([x, x + w]);
      sum += w;
    });
    found.textContent = word === "" ? "" : "found: " + (sum * 100).toFixed(1) + " % of all";
  }

  function ask() {
    var word = window.prompt("Function, module, cache or state to mark (nothing: none):", last_word);
    if (word === null) return;
    last_word = word;
    mark(word);
  }

  function all() { if (bars.length > 0) zoom(bars[0]); }

  bars.forEach(function (bar) {
    bar.addEventListener("click", function () { zoom(bar); });
    bar.addEventListener("mouseover", function () { told.textContent = title(bar).split("\n").join(" \u00b7 "); });
    bar.addEventListener("mouseout", function () { told.textContent = ""; });
  });
  function button(element, action) {
    element.addEventListener("click", action);
    element.addEventListener("keydown", function (event) { if (event.key === "Enter") action(); });
  }
  button(reset, all);
  button(search, ask);
  window.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { mark(""); all(); }
    if (event.key === "/") { event.preventDefault(); ask(); }
  });
  search.style.display = "";
})();
)js";
  return kScript;
}

}  // namespace leakscope::render::svg
