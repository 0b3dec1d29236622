// A row for each track on the video's clock: click to go there, drag to choose a span.

const NARROW = 64, WIDE = 92, ROW = 18, AXIS = 22;

function clock(seconds, digits) {
  const whole = Math.floor(seconds + 1e-6), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  if (digits && seconds < 60) return `${seconds.toFixed(digits)} s`;
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function render({ model, el }) {
  el.classList.add("fsx", "fsx-timeline");
  el.dataset.lmSuppressShortcuts = "true";
  const bar = document.createElement("div");
  bar.className = "fsx-bar";
  const axis = document.createElement("canvas");
  const scroll = document.createElement("div");
  scroll.className = "fsx-scroll";
  const rows = document.createElement("canvas");
  rows.className = "fsx-rows";
  rows.tabIndex = 0;
  rows.setAttribute("role", "slider");
  const span = document.createElement("div"), cursor = document.createElement("div");
  span.className = "fsx-over fsx-span";
  cursor.className = "fsx-over fsx-cursor";
  scroll.append(rows, span, cursor);
  const legend = document.createElement("div");
  legend.className = "fsx-legend";
  el.append(bar, axis, scroll, legend);

  let gutter = NARROW; // left of the bars, for the names
  let data = { start: 0, end: 1, cuts: [], rows: [], colors: [], hidden: 0 };
  let from = 0, to = 1, dragged = null, gone = false;

  const said = document.createElement("span");
  said.className = "fsx-grow fsx-soft";
  const add = (text, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", action);
    bar.append(made);
    return made;
  };
  bar.append(said);
  const zoom = add("zoom to the span", () => show(...model.get("span")));
  const all = add("whole video", () => show(data.start, data.end));
  const clear = add("clear the span", () => choose([]));

  function show(first, last) {
    [from, to] = [first, Math.max(last, first + 0.05)];
    draw();
  }
  function choose(chosen) {
    model.set("span", chosen);
    model.save_changes();
  }
  function go(time) {
    model.set("time_s", Math.min(Math.max(time, data.start), data.end));
    model.save_changes();
  }
  const width = () => Math.max(scroll.clientWidth, 240);
  const xOf = (time) => gutter + ((time - from) / (to - from)) * (width() - gutter - 8);
  const timeOf = (x) => from + ((x - gutter) / (width() - gutter - 8)) * (to - from);

  function sized(canvas, height) {
    const ratio = window.devicePixelRatio || 1, wide = width();
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${height}px`;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    return pen;
  }

  function ticks() {
    const fits = Math.max(2, Math.floor((width() - gutter) / 90)), length = to - from;
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
    const step = steps.find((each) => length / each <= fits) || 14400;
    const found = [];
    for (let at = Math.ceil(from / step) * step; at <= to + 1e-9; at += step) found.push(at);
    return [found, step < 1 ? 1 : 0];
  }

  function draw() {
    if (gone || !el.isConnected) return;
    const look = getComputedStyle(el), ink = look.color, soft = look.getPropertyValue("--line") || "#bbb";
    const [marks, digits] = ticks();
    let pen = sized(axis, AXIS);
    pen.font = `11.5px ${look.fontFamily}`;
    pen.fillStyle = ink;
    pen.textAlign = "center";
    for (const at of marks) {
      const text = clock(at, digits), half = pen.measureText(text).width / 2;
      pen.fillText(text, Math.min(Math.max(xOf(at), half), width() - half - 1), 15);
    }
    const height = Math.max(data.rows.length, 1) * ROW + 4;
    pen = sized(rows, height);
    pen.font = `11.5px ${look.fontFamily}`;
    pen.strokeStyle = soft;
    pen.lineWidth = 0.5;
    for (const at of marks) line(pen, xOf(at), height);
    const marked = model.get("highlight");
    data.rows.forEach((row, i) => {
      const top = 2 + i * ROW, chosen = row.id === marked;
      pen.globalAlpha = marked === null || chosen ? 1 : 0.45;
      for (const [first, last, key] of row.spans) {
        const left = Math.max(xOf(first), gutter), right = Math.min(xOf(last), width() - 6);
        if (right <= left) continue;
        pen.fillStyle = data.colors[key].color;
        pen.fillRect(left, top + 2, Math.max(right - left, 1), ROW - 5);
        if (data.colors[key].hatched) hatch(pen, left, top + 2, right - left, ROW - 5);
        if (data.colors[key].outlined || chosen) {
          pen.strokeStyle = chosen ? ink : "#777";
          pen.lineWidth = chosen ? 1.5 : 0.8;
          pen.strokeRect(left + 0.5, top + 2.5, Math.max(right - left - 1, 1), ROW - 6);
        }
      }
      pen.fillStyle = ink;
      pen.textAlign = "left";
      pen.font = `${chosen ? "bold " : ""}11.5px ${look.fontFamily}`;
      pen.fillText(row.label, 10, top + 13);
      pen.fillStyle = row.mark; // the colour of its box in the picture
      pen.fillRect(2, top + 3, 4, ROW - 7);
    });
    pen.globalAlpha = 1;
    pen.strokeStyle = ink;
    pen.lineWidth = 1;
    pen.setLineDash([4, 3]);
    for (const at of data.cuts) if (at > from && at < to) line(pen, xOf(at), height);
    pen.setLineDash([]);
    if (!data.rows.length) {
      pen.fillStyle = ink;
      pen.fillText("no face that fits", gutter + 6, 15);
    }
    place();
  }
  function line(pen, x, height) {
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
    pen.stroke();
  }
  function hatch(pen, x, y, w, h) {
    pen.save();
    pen.beginPath();
    pen.rect(x, y, w, h);
    pen.clip();
    pen.strokeStyle = "#bbb";
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (let at = x - h; at < x + w; at += 6) {
      pen.moveTo(at, y + h);
      pen.lineTo(at + h, y);
    }
    pen.stroke();
    pen.restore();
  }

  function place() {
    const time = model.get("time_s"), [first, last] = dragged?.span || model.get("span");
    cursor.style.left = `${xOf(time)}px`;
    cursor.style.display = time < from - 1e-6 || time > to + 1e-6 ? "none" : "block";
    const height = `${rows.clientHeight}px`;
    cursor.style.height = span.style.height = height;
    const chosen = first !== undefined;
    span.style.display = chosen && last > from && first < to ? "block" : "none";
    if (chosen) {
      const left = xOf(Math.max(first, from)), right = xOf(Math.min(last, to));
      span.style.left = `${left}px`;
      span.style.width = `${Math.max(right - left, 1)}px`;
    }
    zoom.disabled = clear.disabled = !chosen;
    all.disabled = from <= data.start + 1e-6 && to >= data.end - 1e-6;
    const told = chosen ? `${clock(first, 2)} to ${clock(last, 2)} chosen` : "click to go there, drag to choose a span";
    said.textContent = data.hidden ? `${told}; the ${data.rows.length} longest of ${data.rows.length + data.hidden} faces` : told;
    const values = { valuemin: data.start, valuemax: data.end, valuenow: time, valuetext: clock(time, 2) };
    for (const [name, value] of Object.entries(values)) rows.setAttribute(`aria-${name}`, value);
    rows.setAttribute("aria-label", "time in the video, a row for each face; arrows move, escape clears the span");
  }

  rows.addEventListener("pointerdown", (event) => {
    rows.focus({ preventScroll: true });
    rows.setPointerCapture(event.pointerId);
    dragged = { x: event.offsetX, span: null };
  });
  rows.addEventListener("pointermove", (event) => {
    if (!dragged) {
      const row = data.rows[Math.floor((event.offsetY - 2) / ROW)], at = timeOf(event.offsetX);
      const under = row?.spans.find(([first, last]) => at >= first && at <= last);
      rows.title = under ? `${row.label}: ${data.colors[under[2]].name}${under[3] ? `, ${under[3]}` : ""}, ${clock(at, 2)}` : "";
      return;
    }
    if (Math.abs(event.offsetX - dragged.x) < 4 && !dragged.span) return;
    const times = [timeOf(dragged.x), timeOf(event.offsetX)].map((at) => Math.min(Math.max(at, data.start), data.end));
    dragged.span = times.sort((one, other) => one - other);
    place();
  });
  rows.addEventListener("pointerup", (event) => {
    const was = dragged;
    dragged = null;
    if (!was) return;
    if (was.span) choose(was.span);
    else {
      const row = data.rows[Math.floor((event.offsetY - 2) / ROW)];
      if (event.offsetX < gutter && row) {
        model.set("highlight", model.get("highlight") === row.id ? null : row.id);
        model.save_changes();
      } else go(timeOf(event.offsetX));
    }
    place();
  });
  rows.addEventListener("pointercancel", () => (dragged = null));
  rows.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 10 : 1, now = model.get("time_s");
    const keys = {
      ArrowLeft: () => go(now - by),
      ArrowRight: () => go(now + by),
      Home: () => go(data.start),
      End: () => go(data.end),
      Escape: () => choose([]),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });

  function heard(message) {
    if (message.kind !== "rows") return;
    const fresh = message.start !== data.start || message.end !== data.end;
    data = message;
    gutter = data.rows.some((row) => row.label.length > 8) ? WIDE : NARROW;
    el.dataset.alive = "";
    if (fresh) [from, to] = [data.start, Math.max(data.end, data.start + 0.05)];
    legend.replaceChildren(
      ...data.colors.map(({ name, color, hatched }) => {
        const item = document.createElement("span"), chip = document.createElement("span");
        chip.className = `fsx-chip${hatched ? " fsx-unknown" : ""}`;
        chip.style.setProperty("--c", color);
        item.append(chip, name);
        return item;
      }),
    );
    el.dataset.rows = String(data.rows.length);
    draw();
  }
  const watch = new ResizeObserver(() => draw());
  watch.observe(el);
  // The theme may change while we are looking.
  const themed = new MutationObserver(() => draw());
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  model.on("msg:custom", heard);
  model.on("change:time_s", place);
  model.on("change:span", place);
  model.on("change:highlight", draw);
  model.send({ kind: "hello" });
  return () => {
    gone = true;
    watch.disconnect();
    themed.disconnect();
    model.off("msg:custom", heard);
    model.off("change:time_s", place);
    model.off("change:span", place);
    model.off("change:highlight", draw);
  };
}

export default { render };
