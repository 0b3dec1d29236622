// The frame at a moment, with boxes, and what moves through the video. Pictures come as messages, never as state, so that
// none is saved with a notebook. One request is under way at a time: the latest wish waits, all others are forgotten.

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const SYNC_MS = 125; // how often the time is told to others while playing
const PATIENCE_MS = 8000; // then the kernel is busy with something else

function clock(seconds) {
  const tenths = Math.round(Math.max(seconds, 0) * 10);
  const minutes = Math.floor(tenths / 600) % 60, hours = Math.floor(tenths / 36000);
  const rest = `${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

// Drawn, since fonts need not have them.
const ICONS = {
  back: "M12 2v12L4 8z",
  play: "M4 2v12l9-6z",
  pause: "M3 2h4v12H3zM9 2h4v12H9z",
  on: "M4 2v12l8-6z M12 2h2v12h-2z",
  before: "M12 2v12L4 8z M2 2h2v12H2z",
};

function icon(name) {
  return `<svg viewBox="0 0 16 16" width="13" height="13" aria-hidden="true"><path fill="currentColor" d="${ICONS[name]}"/></svg>`;
}

function button(bar, drawn, label, action) {
  const made = document.createElement("button");
  made.type = "button";
  if (ICONS[drawn]) made.innerHTML = icon(drawn);
  else made.textContent = drawn;
  made.className = "fsx-icon";
  made.title = label;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", action);
  bar.append(made);
  return made;
}

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2);
  el.classList.add("fsx", "fsx-pane");
  el.dataset.lmSuppressShortcuts = "true"; // keys pressed here are not the notebook's
  const note = document.createElement("div");
  note.className = "fsx-note";
  note.setAttribute("role", "status");
  const canvas = document.createElement("canvas");
  canvas.width = 960;
  canvas.height = 540;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "frame of the video; space plays, arrows step");
  const bar = document.createElement("div");
  bar.className = "fsx-bar";
  el.append(note, canvas, bar);

  let facts = { start: 0, end: 0, cuts: [], starts: [], width: 16, height: 9, note: "", drawn: false };
  const shape = (wide, high) => el.style.setProperty("--shape", wide / high); // it is no higher than the screen allows
  let time = model.get("time_s"), told = time, toldAt = 0;
  let playing = null; // since when, and from which time
  let wish = null, under_way = null, n = 0, tick = 0, last = null, gone = false;

  const previousCut = button(bar, "cut", "to the cut before", () => jump(lastBefore(facts.cuts)));
  button(bar, "before", "one frame back", () => step(-1));
  const play = button(bar, "play", "play", () => (playing ? pause() : start()));
  button(bar, "on", "one frame on", () => step(1));
  previousCut.innerHTML = `${icon("back")} cut`;
  const nextCut = button(bar, "cut", "to the next cut", () => jump(firstAfter(facts.cuts)));
  nextCut.innerHTML = `cut ${icon("play")}`;
  const nextFace = button(bar, "face", "to where the next face appears", () => jump(firstAfter(facts.starts)));
  nextFace.innerHTML = `face ${icon("play")}`;
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", step: 0.01, min: 0, max: 1 });
  slider.setAttribute("aria-label", "time in the video");
  slider.addEventListener("input", () => {
    pause();
    go(Number(slider.value));
  });
  const speed = document.createElement("select");
  speed.setAttribute("aria-label", "speed");
  for (const value of SPEEDS) speed.add(new Option(`${value}×`, value, value === 1, value === 1));
  speed.addEventListener("change", () => playing && start());
  const label = document.createElement("span");
  label.className = "fsx-time";
  bar.append(slider, speed, label);

  const lastBefore = (times) => [...times].reverse().find((at) => at < time - 0.3);
  const firstAfter = (times) => times.find((at) => at > time + 0.001);

  function jump(to) {
    if (to === undefined) return;
    pause();
    go(to);
  }

  function start() {
    if (time >= facts.end - 0.05) time = facts.start;
    playing = { since: performance.now(), from: time, speed: Number(speed.value) };
    play.innerHTML = icon("pause");
    play.title = "pause";
    play.setAttribute("aria-label", "pause");
    cancelAnimationFrame(tick);
    tick = requestAnimationFrame(run);
  }

  function pause() {
    if (!playing) return;
    playing = null;
    play.innerHTML = icon("play");
    play.title = "play";
    play.setAttribute("aria-label", "play");
    tell(true);
  }

  function run(now) {
    if (!playing || gone) return;
    const to = playing.from + ((now - playing.since) / 1000) * playing.speed;
    go(Math.min(to, facts.end));
    if (to >= facts.end) pause();
    else tick = requestAnimationFrame(run);
  }

  // Tell the others where we are, but not at every frame.
  function tell(now) {
    if (time === told || (!now && performance.now() - toldAt < SYNC_MS)) return;
    told = time;
    toldAt = performance.now();
    model.set("time_s", time);
    model.save_changes();
  }

  function go(to, { quiet = false, follows = false } = {}) {
    time = Math.min(Math.max(to, facts.start), facts.end);
    slider.value = time;
    slider.setAttribute("aria-valuetext", clock(time));
    label.textContent = `${clock(time)} / ${clock(facts.end)}`;
    previousCut.disabled = lastBefore(facts.cuts) === undefined;
    nextCut.disabled = firstAfter(facts.cuts) === undefined;
    nextFace.disabled = firstAfter(facts.starts) === undefined;
    if (!quiet) tell(!playing);
    if (!follows) ask(0);
  }

  function step(by) {
    pause();
    ask(by);
  }

  function ask(by) {
    wish = { time, step: by, asked: performance.now() };
    pump();
  }

  function pump() {
    if (!wish || gone) return;
    if (under_way && performance.now() - under_way.sent < PATIENCE_MS) return;
    under_way = { ...wish, n: ++n, sent: performance.now() };
    wish = null;
    model.send({ kind: "frame", view, n, time: under_way.time, step: under_way.step, width: pixels() });
  }
  const pixels = () => Math.round((canvas.clientWidth || 640) * (window.devicePixelRatio || 1));

  async function answer(said, buffers) {
    if (!under_way || said.n !== under_way.n) return;
    const asked = under_way;
    under_way = null;
    if (said.step !== 0 && said.time !== null) {
      time = Math.min(Math.max(said.time, facts.start), facts.end);
      slider.value = time;
      label.textContent = `${clock(time)} / ${clock(facts.end)}`;
      tell(true);
    }
    const picture = buffers.length ? await createImageBitmap(new Blob([buffers[0]], { type: "image/jpeg" })) : null;
    if (gone) {
      picture?.close();
      return;
    }
    last?.picture?.close(); // or they pile up beside the heap
    last = { picture, faces: said.faces };
    note.textContent = said.trouble || facts.note;
    draw();
    if (said.exact) {
      el.dataset.shown = String(said.time);
      el.dataset.seekMs = String(Math.round(performance.now() - asked.asked));
    } else if (!wish) {
      wish = { time: asked.time, step: 0, asked: asked.asked }; // on the way: ask again, it goes on from there
    }
    el.dataset.answers = String(Number(el.dataset.answers || 0) + 1);
    pump();
  }

  function draw() {
    if (!last) return;
    const { picture, faces } = last;
    // As many pixels as the screen has here, so that letters are sharp however small the video is.
    const width = Math.max(Math.round((canvas.clientWidth || 640) * (window.devicePixelRatio || 1)), picture?.width || 0);
    const height = Math.round(width * (picture ? picture.height / picture.width : facts.height / facts.width));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#111";
    pen.fillRect(0, 0, width, height);
    if (picture) pen.drawImage(picture, 0, 0, width, height);
    const marked = model.get("highlight");
    const scale = width / Math.max(canvas.clientWidth, 200);
    pen.font = `${Math.round(12 * scale)}px "DejaVu Sans", Verdana, sans-serif`;
    pen.textBaseline = "top";
    const placed = faces.map(({ box }) => [box[0] * width, box[1] * height, box[2] * width, box[3] * height]);
    const taken = [...placed];
    const order = faces.map((_, i) => i).sort((i, j) => (faces[i].track === marked) - (faces[j].track === marked));
    for (const i of order) {
      const face = faces[i], [x, y, w, h] = placed[i], chosen = marked !== null && face.track === marked;
      if (facts.drawn && !chosen) continue;
      pen.globalAlpha = marked === null || chosen ? 1 : 0.55;
      pen.lineWidth = (chosen ? 5 : 3.5) * scale;
      pen.strokeStyle = chosen ? "#fff" : "#141414";
      pen.strokeRect(x, y, w, h);
      pen.lineWidth = (chosen ? 3 : 2) * scale;
      pen.strokeStyle = face.color;
      pen.strokeRect(x, y, w, h);
    }
    for (const i of facts.drawn ? [] : [...order].reverse()) {
      const face = faces[i], [x, y, w, h] = placed[i];
      if (!face.lines.length) continue;
      pen.globalAlpha = marked === null || face.track === marked ? 1 : 0.55;
      const line = 15 * scale, pad = 4 * scale, gap = 3 * scale;
      const wide = Math.max(...face.lines.map((text) => pen.measureText(text).width)) + 2 * pad + 3 * scale;
      const tall = face.lines.length * line + pad;
      // Round the box, where least of other boxes and labels is covered.
      const places = [[x, y + h + gap], [x + w - wide, y + h + gap], [x, y - tall - gap], [x + w - wide, y - tall - gap],
        [x + w + gap, y], [x - wide - gap, y]];
      let best = null;
      for (const [at, down] of places) {
        const left = Math.min(Math.max(at, 0), Math.max(width - wide, 0));
        const top = Math.min(Math.max(down, 0), Math.max(height - tall, 0));
        const covered = taken.reduce((sum, [a, b, c, d]) =>
          sum + Math.max(Math.min(left + wide, a + c) - Math.max(left, a), 0) * Math.max(Math.min(top + tall, b + d) - Math.max(top, b), 0), 0);
        if (best === null || covered < best.covered - 1) best = { left, top, covered };
      }
      taken.push([best.left, best.top, wide, tall]);
      pen.fillStyle = "rgba(20, 20, 20, .8)";
      pen.fillRect(best.left, best.top, wide, tall);
      pen.fillStyle = face.color;
      pen.fillRect(best.left, best.top, 3 * scale, tall);
      pen.fillStyle = "#fff";
      face.lines.forEach((text, row) => pen.fillText(text, best.left + pad + 3 * scale, best.top + pad / 2 + row * line));
    }
    pen.globalAlpha = 1;
    if (!picture && !faces.length) {
      pen.fillStyle = "#ccc";
      pen.fillText("no picture, and no face at this moment", 16 * scale, 16 * scale);
    }
    canvas.setAttribute(
      "aria-label",
      faces.length ? `frame with ${faces.map((face) => face.lines.join(", ") || "a face").join("; ")}` : "frame without faces",
    );
  }

  canvas.addEventListener("click", (event) => {
    canvas.focus();
    const box = canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    const hit = (last?.faces || []).find(
      (face) => x >= face.box[0] && x <= face.box[0] + face.box[2] && y >= face.box[1] && y <= face.box[1] + face.box[3],
    );
    model.set("highlight", hit && hit.track !== null && hit.track !== model.get("highlight") ? hit.track : null);
    model.save_changes();
  });
  canvas.addEventListener("keydown", (event) => {
    const keys = { " ": () => (playing ? pause() : start()), ArrowLeft: () => step(-1), ArrowRight: () => step(1) };
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });

  function heard(said, buffers) {
    if (said.kind === "facts") {
      facts = said;
      el.dataset.alive = "";
      shape(facts.width, facts.height);
      Object.assign(slider, { min: facts.start, max: facts.end });
      note.textContent = facts.note;
      canvas.width = 960;
      canvas.height = Math.round((960 * facts.height) / facts.width);
      if (facts.follows && under_way) under_way.time = model.get("time_s");
      go(model.get("time_s"), { quiet: true, follows: facts.follows });
    } else if (said.kind === "frame" && said.view === view) answer(said, buffers || []);
    else if (said.kind === "again") ask(0);
  }
  function moved() {
    const to = model.get("time_s");
    if (Math.abs(to - told) < 1e-6 || Math.abs(to - time) < 1e-6) return;
    pause();
    told = to;
    go(to, { quiet: true });
  }
  model.on("msg:custom", heard);
  model.on("change:time_s", moved);
  model.on("change:highlight", draw);
  const watch = new ResizeObserver(() => draw());
  watch.observe(canvas);
  // The frame of the moment comes with the answer.
  under_way = { time, step: 0, asked: performance.now(), n: ++n, sent: performance.now() };
  model.send({ kind: "hello", view, n, width: pixels() });
  return () => {
    gone = true;
    last?.picture?.close();
    cancelAnimationFrame(tick);
    watch.disconnect();
    model.off("msg:custom", heard);
    model.off("change:time_s", moved);
    model.off("change:highlight", draw);
  };
}

export default { render };
