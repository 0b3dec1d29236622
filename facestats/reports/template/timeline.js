
// Draw each figure whose data the page holds, and hide the still picture that stands for it.
document.querySelectorAll(".fs-live").forEach(async (box) => {
  const target = document.createElement("div");
  try {
    const still = box.querySelector(".fs-still");
    target.className = "fs-drawing";
    target.setAttribute("role", "img");
    target.setAttribute("aria-label", (still.querySelector("img") || {}).alt || "timeline");
    box.insertBefore(target, still);
    box.classList.add("fs-drawn");
    await Bokeh.embed.embed_item(JSON.parse(box.querySelector("script[type='application/json']").textContent), target);
  } catch {
    target.remove();
    box.classList.remove("fs-drawn");
  }
});
