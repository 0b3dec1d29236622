// The videos of a store, a page at a time, each with its faces over time, expressions and some pictures.

function render({ model, el }) {
  el.classList.add("fsx", "fsx-list");
  el.dataset.lmSuppressShortcuts = "true";
  const bar = document.createElement("div");
  bar.className = "fsx-bar";
  const search = document.createElement("input");
  Object.assign(search, { type: "search", placeholder: "part of a name" });
  search.setAttribute("aria-label", "part of a video's name");
  const order = document.createElement("select");
  order.setAttribute("aria-label", "order");
  for (const [value, text] of [["name", "by name"], ["n_tracks", "most faces first"], ["duration_s", "longest first"], ["status", "failed first"]]) order.add(new Option(text, value));
  const said = document.createElement("span");
  said.className = "fsx-soft fsx-grow";
  said.setAttribute("role", "status");
  const button = (text, label, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", action);
    return made;
  };
  const back = button("‹", "page before", () => ((page -= 1), ask()));
  const on = button("›", "next page", () => ((page += 1), ask()));
  const again = button("refresh", "read the store again", () => ask());
  bar.append(search, order, said, back, on, again);
  const items = document.createElement("div");
  items.className = "fsx-items";
  el.append(bar, items);
  let page = 0, urls = [], gone = false, waiting = 0, state = "", pause = 0, timer = 0;

  const ask = () => model.send({ kind: "list", search: search.value, order: order.value, page, state: "" });
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    page = 0;
    waiting = setTimeout(ask, 200);
  });
  order.addEventListener("change", () => ((page = 0), ask()));

  function chart(canvas, item) {
    const ratio = window.devicePixelRatio || 1, wide = canvas.clientWidth || 230, high = 34;
    canvas.width = wide * ratio;
    canvas.height = high * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const most = Math.max(1, ...item.counts), step = wide / Math.max(item.counts.length, 1);
    pen.fillStyle = "#4f88b5";
    item.counts.forEach((count, i) => pen.fillRect(i * step, high - 1 - (count / most) * (high - 4), Math.max(step - 0.5, 0.5), (count / most) * (high - 4)));
    pen.fillStyle = "#888";
    pen.fillRect(0, high - 1, wide, 1);
  }

  function fill(message, buffers) {
    el.dataset.alive = "";
    state = message.state;
    pause = message.pause;
    urls.forEach((url) => URL.revokeObjectURL(url));
    urls = [];
    page = message.page;
    items.replaceChildren(
      ...message.items.map((item) => {
        const made = document.createElement("button");
        made.type = "button";
        made.className = "fsx-item";
        made.dataset.video = item.id;
        const name = document.createElement("b");
        name.textContent = item.name;
        const about = document.createElement("span");
        about.className = "fsx-soft";
        about.textContent = item.about;
        const canvas = document.createElement("canvas");
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", "faces in the picture over time");
        const strip = document.createElement("span");
        strip.className = "fsx-strip";
        for (const [title, share, color] of item.shares) {
          const part = document.createElement("i");
          part.style.width = `${100 * share}%`;
          part.style.background = color;
          part.title = `${title} ${Math.round(100 * share)} %`;
          strip.append(part);
        }
        const faces = document.createElement("span");
        faces.className = "fsx-faces";
        for (const at of item.pictures) {
          const picture = document.createElement("img"), url = URL.createObjectURL(new Blob([buffers[at]], { type: "image/webp" }));
          urls.push(url);
          Object.assign(picture, { src: url, alt: "a face in it" });
          faces.append(picture);
        }
        made.append(name, about);
        if (item.counts.length) made.append(canvas, strip, faces);
        made.addEventListener("click", () => {
          model.set("chosen", item.id);
          model.save_changes();
        });
        requestAnimationFrame(() => !gone && chart(canvas, item));
        return made;
      }),
    );
    said.textContent = message.said;
    back.disabled = page <= 0;
    on.disabled = page >= message.pages - 1;
    back.style.display = on.style.display = message.pages > 1 ? "" : "none";
    el.dataset.total = String(message.total);
  }

  const heard = (message, buffers) => message.kind === "list" && !gone && fill(message, buffers || []);
  model.on("msg:custom", heard);
  ask();
  // A run may be writing to the store: ask whether anything is new, while somebody looks, and as often as it is cheap.
  const look = () => {
    if (pause > 0 && el.offsetParent !== null && document.visibilityState === "visible")
      model.send({ kind: "list", search: search.value, order: order.value, page, state });
    timer = setTimeout(look, 1000 * Math.max(pause, 5));
  };
  timer = setTimeout(look, 5000);
  return () => {
    gone = true;
    clearTimeout(timer);
    clearTimeout(waiting);
    urls.forEach((url) => URL.revokeObjectURL(url));
    model.off("msg:custom", heard);
  };
}

export default { render };
