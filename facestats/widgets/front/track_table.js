// The tracks as a table, a page at a time: sorted, filtered and cut into pages by the kernel.

const COLUMNS = [
  ["track_id", "face"],
  ["start_s", "when"],
  ["gender", "perceived gender"],
  ["age_years", "age"],
  ["expression", "expression"],
  ["makeup", "makeup"],
  ["face_px", "size"],
];

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  el.classList.add("fsx", "fsx-table");
  el.dataset.lmSuppressShortcuts = "true";
  const filters = make("div", { class: "fsx-bar" });
  const wide = make("div", { class: "fsx-wide", tabindex: "0", role: "region", "aria-label": "tracks" });
  const table = make("table");
  const head = make("tr"), body = make("tbody");
  table.append(make("thead", {}, head), body);
  wide.append(table);
  const pager = make("div", { class: "fsx-bar" });
  el.append(filters, wide, pager);
  let sort = "start_s", ascending = true, page = 0, pages = 1, choices = null, urls = [], gone = false;

  for (const [column, title] of COLUMNS) {
    const sorter = make("button", { type: "button" }, title);
    sorter.addEventListener("click", () => {
      [ascending, sort] = [sort === column ? !ascending : true, column];
      page = 0;
      ask();
    });
    head.append(make("th", { scope: "col", "data-column": column }, sorter));
  }
  head.prepend(make("th", { scope: "col" }, make("span", { class: "fsx-soft" }, "")));
  const back = make("button", { type: "button", "aria-label": "page before" }, "‹");
  const on = make("button", { type: "button", "aria-label": "next page" }, "›");
  const said = make("span", { class: "fsx-soft fsx-grow", role: "status" });
  pager.append(said, back, on);
  back.addEventListener("click", () => ((page -= 1), ask()));
  on.addEventListener("click", () => ((page += 1), ask()));

  function ask() {
    model.send({ kind: "page", sort, ascending, page });
  }

  function offer() {
    filters.replaceChildren();
    for (const [column, title, values] of choices) {
      const select = make("select", { "aria-label": title });
      select.add(new Option(`${title}: any`, ""));
      for (const value of values) select.add(new Option(value, value));
      select.value = model.get("verdicts")[column] || "";
      select.addEventListener("change", () => {
        const verdicts = { ...model.get("verdicts") };
        if (select.value) verdicts[column] = select.value;
        else delete verdicts[column];
        page = 0;
        model.set("verdicts", verdicts);
        model.save_changes();
      });
      filters.append(select);
    }
  }

  function verdict(cell) {
    const made = make("td");
    made.append(cell.text);
    if (cell.share === null) return made;
    const bar = make("span", { class: "fsx-prob", title: `${cell.measure} ${Math.round(100 * cell.share)} %` });
    const filled = make("i");
    filled.style.width = `${100 * cell.share}%`;
    filled.style.setProperty("--c", cell.color);
    bar.append(filled);
    made.append(bar);
    return made;
  }

  function fill(message, buffers) {
    urls.forEach((url) => URL.revokeObjectURL(url));
    urls = [];
    ({ page, pages } = message);
    const rows = message.rows.map((row) => {
      const picture = row.picture === null ? make("div", { class: "fsx-noface", title: "no picture kept" }) : make("img");
      if (row.picture !== null) {
        const url = URL.createObjectURL(new Blob([buffers[row.picture]], { type: "image/webp" }));
        urls.push(url);
        Object.assign(picture, { src: url, alt: `face ${row.id}` });
      }
      picture.style.borderLeft = `4px solid ${row.mark}`; // the colour of its box in the picture
      const made = make("tr", { tabindex: "0", "data-track": row.id, "aria-selected": "false" });
      made.append(make("td", {}, picture), make("td", {}, String(row.id)), make("td", {}, row.when));
      if (row.who) made.children[1].append(make("br"), make("span", { class: "fsx-soft" }, row.who));
      made.append(...row.verdicts.map(verdict), make("td", {}, row.size));
      const choose = (event) => {
        const many = event.ctrlKey || event.metaKey || event.shiftKey, chosen = model.get("selected");
        const has = chosen.includes(row.id);
        model.set("selected", many ? (has ? chosen.filter((id) => id !== row.id) : [...chosen, row.id]) : has && chosen.length === 1 ? [] : [row.id]);
        model.save_changes();
      };
      made.addEventListener("click", choose);
      made.addEventListener("keydown", (event) => {
        const near = { ArrowDown: made.nextElementSibling, ArrowUp: made.previousElementSibling }[event.key];
        if (near) near.focus();
        else if (event.key === "Enter" || event.key === " ") choose(event);
        else return;
        event.preventDefault();
        event.stopPropagation();
      });
      return made;
    });
    body.replaceChildren(...rows);
    for (const th of head.children) {
      if (th.dataset.column === undefined) continue;
      const sorted = th.dataset.column === sort;
      th.setAttribute("aria-sort", sorted ? (ascending ? "ascending" : "descending") : "none");
      const title = COLUMNS.find(([column]) => column === th.dataset.column)[1];
      th.firstChild.textContent = sorted ? `${title} ${ascending ? "▲" : "▼"}` : title;
    }
    const first = message.page * message.size + 1, last = first + message.rows.length - 1;
    said.textContent = message.total
      ? `${first} to ${last} of ${message.total} face${message.total === 1 ? "" : "s"}${message.all > message.total ? ` that fit (${message.all} in all)` : ""}`
      : message.all ? "no face fits" : "no face was tracked";
    back.disabled = page <= 0;
    on.disabled = page >= pages - 1;
    back.style.display = on.style.display = pages > 1 ? "" : "none";
    el.dataset.total = String(message.total);
    mark();
  }

  function mark() {
    const chosen = model.get("selected");
    for (const row of body.children) row.setAttribute("aria-selected", String(chosen.includes(Number(row.dataset.track))));
  }

  function heard(message, buffers) {
    if (gone) return;
    el.dataset.alive = "";
    if (message.kind === "choices") {
      choices = message.choices;
      page = 0;
      offer();
      ask();
    } else if (message.kind === "page") fill(message, buffers || []);
    else if (message.kind === "stale") {
      page = 0;
      ask();
    }
  }
  const refilter = () => choices && offer();
  model.on("msg:custom", heard);
  model.on("change:selected", mark);
  model.on("change:verdicts", refilter);
  model.send({ kind: "hello" });
  return () => {
    gone = true;
    urls.forEach((url) => URL.revokeObjectURL(url));
    model.off("msg:custom", heard);
    model.off("change:selected", mark);
    model.off("change:verdicts", refilter);
  };
}

export default { render };
