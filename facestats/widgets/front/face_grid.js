// The faces as a grid of pictures, a page at a time, ordered by the kernel. One of them is the current one: keys and buttons
// work on it. Pictures come as messages, never as state, so that none is saved with a notebook.

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const same = (one, other) => one?.length === 2 && other?.length === 2 && one[0] === other[0] && one[1] === other[1];

function render({ model, el }) {
  el.classList.add("fsx", "fsx-grid");
  el.dataset.lmSuppressShortcuts = "true"; // keys pressed here are not the notebook's
  const bar = make("div", { class: "fsx-bar" });
  const said = make("div", { class: "fsx-note", role: "status" });
  const hint = make("div", { class: "fsx-soft fsx-keys" });
  const grid = make("div", { class: "fsx-cards", role: "listbox", "aria-label": "faces" });
  const pager = make("div", { class: "fsx-bar" });
  const order = make("select", { "aria-label": "order" });
  const about = make("span", { class: "fsx-soft fsx-grow" });
  el.append(bar, said, grid, pager, hint);
  let items = [], page = 0, pages = 1, first = null, urls = [], orders = "", corrects = true, gone = false;

  const current = () => model.get("current");
  const item = () => items.find((each) => same(each.face, current()));

  const ACTIONS = [
    ["n", "next doubtful", () => model.send({ kind: "next", after: current() })],
    ["a", "accept", () => act("accept")],
    ["x", "not a face", () => act("reject")],
    ["m", "merge", merge],
    ["u", "undo", () => model.send({ kind: "undo" })],
  ];
  const buttons = Object.fromEntries(
    ACTIONS.map(([key, title, action]) => {
      const made = make("button", { type: "button", "aria-keyshortcuts": key }, `${title} `, make("kbd", {}, key));
      made.addEventListener("click", () => {
        action();
        card(current())?.focus({ preventScroll: true });
      });
      return [key, made];
    }),
  );
  bar.append(...Object.values(buttons), about, order);
  order.addEventListener("change", () => model.send({ kind: "order", order: order.value }));
  const back = make("button", { type: "button", "aria-label": "page before" }, "‹");
  const on = make("button", { type: "button", "aria-label": "next page" }, "›");
  const where = make("span", { class: "fsx-soft fsx-grow" });
  pager.append(where, back, on);
  back.addEventListener("click", () => model.send({ kind: "page", page: page - 1 }));
  on.addEventListener("click", () => model.send({ kind: "page", page: page + 1 }));
  for (const [key, text] of [["arrows", "move"], ["Enter", "open in its video"], ["Esc", "stop merging"]])
    hint.append(make("kbd", {}, key), ` ${text}   `);

  function say(text, trouble = false) {
    said.textContent = text;
    said.classList.toggle("fsx-trouble", trouble);
  }
  function act(what, other = null) {
    const now = item();
    if (now?.here) model.send({ kind: "act", what, face: first && other ? first : now.face, other });
    else say(now ? `${now.name} is ${now.state}: undo it first` : "choose a face first");
  }
  // The first press names the face that stays, the second one the face that becomes part of it.
  function merge() {
    const now = item();
    if (!now?.here) return say("choose a face first");
    if (first === null) {
      first = now.face;
      say(`${now.name}: go to another face of the same person and press m again, Esc stops`);
    } else if (same(first, now.face)) stop();
    else {
      act("merge", now.face);
      first = null;
    }
    mark();
  }
  function stop() {
    if (first === null) return;
    first = null;
    say("");
    mark();
  }
  function card(face) {
    return [...grid.children].find((each) => same(each.face, face));
  }
  function choose(face, { focus = true } = {}) {
    model.set("current", face);
    model.save_changes();
    mark();
    if (focus) {
      card(face)?.focus({ preventScroll: true });
      card(face)?.scrollIntoView({ block: "nearest" });
    }
  }
  function open(face) {
    model.set("opened", []); // that it is opened a second time is news too
    model.set("opened", face);
    model.save_changes();
  }

  function mark() {
    const now = current();
    for (const each of grid.children) {
      const chosen = same(each.face, now);
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      each.classList.toggle("fsx-first", same(each.face, first));
    }
    if (!item() && grid.firstChild) grid.firstChild.tabIndex = 0;
    for (const key of ["a", "x", "m"]) buttons[key].disabled = !corrects || !item()?.here;
  }

  function drawn(each, buffers) {
    const picture = each.picture === null ? make("div", { class: "fsx-noface" }, "no picture") : make("img", { alt: "" });
    if (each.picture !== null) {
      const url = URL.createObjectURL(new Blob([buffers[each.picture]], { type: "image/webp" }));
      urls.push(url);
      picture.src = url;
    }
    const state = each.state === "accepted" ? "✓ accepted" : each.state && `✗ ${each.state}`;
    const lines = [["fsx-state", state], ["fsx-doubts", each.doubts.join(", ")], ["fsx-soft", each.verdicts]];
    const made = make("div", { role: "option", class: "fsx-card" }, picture, make("b", {}, each.name));
    made.append(make("span", { class: "fsx-soft" }, `${each.video ? `${each.video}, ` : ""}${each.when}`));
    for (const [name, text] of lines) if (text) made.append(make("span", { class: name }, text));
    const told = [each.name, each.video, each.when, state, each.doubts.length ? `doubtful: ${each.doubts.join(", ")}` : "", each.verdicts];
    made.setAttribute("aria-label", told.filter(Boolean).join("; "));
    made.classList.toggle("fsx-doubtful", each.doubts.length > 0);
    made.classList.toggle("fsx-gone", !each.here);
    made.style.setProperty("--c", each.mark); // the colour of its box in the picture
    made.face = each.face;
    made.dataset.face = each.face.join(" ");
    made.addEventListener("click", () => choose(each.face));
    made.addEventListener("dblclick", () => open(each.face));
    return made;
  }

  function fill(message, buffers) {
    el.dataset.alive = "";
    const focused = grid.contains(document.activeElement);
    urls.forEach((url) => URL.revokeObjectURL(url));
    urls = [];
    ({ items, page, pages, corrects } = message);
    grid.replaceChildren(...items.map((each) => drawn(each, buffers)));
    about.textContent = message.about;
    if (orders !== JSON.stringify(message.orders)) {
      orders = JSON.stringify(message.orders);
      order.replaceChildren(...Object.entries(message.orders).map(([value, text]) => new Option(text, value)));
    }
    where.textContent = `page ${page + 1} of ${pages}`;
    pager.style.display = pages > 1 ? "" : "none";
    back.disabled = page <= 0;
    on.disabled = page >= pages - 1;
    for (const key of ["a", "x", "m", "u"]) buttons[key].style.display = corrects ? "" : "none";
    if (message.said) say(message.said);
    el.dataset.page = String(page);
    el.dataset.total = String(items.length);
    if (message.go) choose(message.go, { focus: focused || el.contains(document.activeElement) });
    else if (!item() && items.length) choose(items[0].face, { focus: focused });
    else mark();
    if (focused && !message.go) card(current())?.focus({ preventScroll: true });
  }

  grid.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cards = [...grid.children], at = Math.max(cards.findIndex((each) => same(each.face, current())), 0);
    const columns = Math.max(cards.filter((each) => each.offsetTop === cards[0].offsetTop).length, 1);
    const to = (place) => cards[place] && choose(cards[place].face);
    const keys = {
      ArrowLeft: () => to(at - 1),
      ArrowRight: () => to(at + 1),
      ArrowUp: () => to(at - columns),
      ArrowDown: () => to(Math.min(at + columns, Math.max(cards.length - 1, at))),
      Home: () => to(0),
      End: () => to(cards.length - 1),
      PageUp: () => page > 0 && back.click(),
      PageDown: () => page < pages - 1 && on.click(),
      Enter: () => item()?.here && open(current()),
      Escape: stop,
    };
    for (const [key, , action] of ACTIONS) keys[key] = () => (corrects || key === "n") && action();
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });

  function heard(message, buffers) {
    if (gone) return;
    if (message.kind === "page") fill(message, buffers || []);
    else if (message.kind === "go") choose(message.face);
    else if (message.kind === "said") say(message.said, message.trouble);
  }
  model.on("msg:custom", heard);
  model.on("change:current", mark);
  model.send({ kind: "hello" });
  return () => {
    gone = true;
    urls.forEach((url) => URL.revokeObjectURL(url));
    model.off("msg:custom", heard);
    model.off("change:current", mark);
  };
}

export default { render };
