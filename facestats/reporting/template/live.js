
// Draw each figure whose data the page holds, and hide the still picture that stands for it.
document.querySelectorAll(".fs-live").forEach((box) => {
  const data = box.querySelector("script[type='application/json']");
  const still = box.querySelector(".fs-still");
  const target = document.createElement("div");
  target.className = "fs-drawing";
  target.setAttribute("role", "img");
  target.setAttribute("aria-label", (still.querySelector("img") || {}).alt || "timeline");
  box.insertBefore(target, still);
  box.classList.add("fs-drawn");
  Bokeh.embed.embed_item(JSON.parse(data.textContent), target).catch(() => box.classList.remove("fs-drawn"));
});
