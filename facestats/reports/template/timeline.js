
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
    let data = box.querySelector("script[type='application/json']").textContent;
    // Ink is light on a dark page.
    if (matchMedia("(prefers-color-scheme: dark)").matches) {
      data = data.replaceAll('"#222222"', '"#e4e4e4"').replaceAll('"#d8d8d8"', '"#45484c"')
        .replaceAll('"#fefefe"', '"#17191c"');
    }
    await Bokeh.embed.embed_item(JSON.parse(data), target);
  } catch {
    target.remove();
    box.classList.remove("fs-drawn");
  }
});
