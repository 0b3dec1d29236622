// Draw the faces of a video over it, as clips have them drawn in; see facestats/reports/overlay.py.
(function (data) {
  const box = document.querySelector(".fs-overlaid");
  if (!box) return;
  const video = box.querySelector("video"), canvas = box.querySelector("canvas"), pen = canvas.getContext("2d");
  const toggle = document.querySelector(".fs-toggle"), note = document.querySelector(".fs-unplayable");
  const [width, height] = data.size, [red, green, blue] = data.ground, ground = `rgb(${red},${green},${blue})`;
  const between = (value, least, most) => Math.min(Math.max(value, least), most);
  let time = 0, begun = false, pointer = null, place = [0, 0, 1];

  // The faces at a moment: those of the sample before it, moved towards where they are in the next one.
  function facesAt(moment) {
    let low = 0, high = data.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (data.times[middle] <= moment + 1e-3) low = middle + 1; else high = middle;
    }
    if (!low) return [];
    const last = low - 1, span = data.times[low] - data.times[last];
    const share = span > 0 ? between((moment - data.times[last]) / span, 0, 1) : 0;
    return data.faces[last].map((face) => {
      const next = face[0] === null || !share ? undefined : (data.faces[low] || []).find((other) => other[0] === face[0]);
      if (!next) return face;
      const moved = [2, 3, 4, 5].concat(face.length > 6 && next.length > 6 ? [7, 8, 11] : []);
      return face.map((value, i) => moved.includes(i) ? value + share * (next[i] - value) : value);
    });
  }

  function drawBox(face, wider) {
    const [x1, y1, x2, y2] = face.slice(2, 6).map(Math.round), reach = data.reach + wider;
    for (const [color, line] of [[ground, 2 * reach + 3], [face[1], 2 * reach + 1]]) {
      pen.strokeStyle = color;
      pen.lineWidth = line;
      pen.strokeRect(x1 + 0.5, y1 + 0.5, x2 - x1, y2 - y1);
    }
  }

  function drawLine(face) {
    const [x1, y1, x2, y2] = face.slice(2, 6), [left, top, wide, high] = face.slice(7, 11);
    const a = [between(left + wide / 2, x1, x2), between(top + high / 2, y1, y2)];
    const b = [between(a[0], left, left + wide), between(a[1], top, top + high)];
    if (Math.hypot(b[0] - a[0], b[1] - a[1]) < 0.6 * data.font) return;
    for (const [color, line] of [[ground, 3], [face[1], 1]]) {
      pen.strokeStyle = color;
      pen.lineWidth = line;
      pen.beginPath();
      pen.moveTo(...a);
      pen.lineTo(...b);
      pen.stroke();
    }
  }

  function drawLabel(label, color, left, top, wide, high, opacity) {
    pen.globalAlpha = opacity * data.opacity;
    pen.fillStyle = ground;
    pen.fillRect(left, top, wide, high);
    pen.globalAlpha = opacity;
    pen.fillStyle = color;
    pen.fillRect(left, top, label.edge, high);
    pen.fillStyle = "#fff";
    pen.font = `${label.letters}px "DejaVu Sans", Verdana, sans-serif`;
    label.lines.forEach((line, i) => pen.fillText(line, left + label.pad + label.edge,
      top + Math.floor(label.pad / 2) + i * label.step + 0.93 * label.letters, wide - label.pad - label.edge));
    pen.globalAlpha = 1;
  }

  // All that is known of the face under the pointer.
  function drawAll(face) {
    const size = data.font, pad = Math.max(3, size >> 2), step = Math.round(1.25 * size);
    const label = {lines: data.tracks[face[0]], pad, step, edge: Math.max(2, Math.floor(size / 5)), letters: size};
    pen.font = `${size}px "DejaVu Sans", Verdana, sans-serif`;
    const wide = Math.max(...label.lines.map((line) => pen.measureText(line).width)) + 2 * pad + label.edge;
    const high = step * label.lines.length + pad, gap = 2 * data.reach + 2;
    const left = face[4] + gap + wide <= width ? face[4] + gap : face[2] - gap - wide;
    drawLabel(label, face[1], between(left, 0, Math.max(0, width - wide)), between(face[3], 0, Math.max(0, height - high)), wide, high, 1);
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1, wide = video.clientWidth, high = video.clientHeight;
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(high * ratio);
    }
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${high}px`;
    canvas.style.left = `${video.offsetLeft}px`;
    canvas.style.top = `${video.offsetTop}px`;
    const scale = Math.min(wide / width, high / height);
    place = [(wide - scale * width) / 2, (high - scale * height) / 2, scale];
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (!begun || !toggle.checked || video.error) return;
    pen.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * place[0], ratio * place[1]);
    const faces = facesAt(time), labelled = faces.filter((face) => face.length > 6 && face[11] >= 0.05);
    const under = pointer && faces.find((face) => face[0] !== null && pointer[0] >= face[2] && pointer[0] <= face[4]
      && pointer[1] >= face[3] && pointer[1] <= face[5]);
    faces.forEach((face) => drawBox(face, face === under ? 1 : 0));
    labelled.forEach((face) => face !== under && drawLine(face));
    labelled.forEach((face) => face !== under && drawLabel(data.labels[face[6]], face[1], ...face.slice(7, 12)));
    if (under) drawAll(under);
  }

  function show(moment) {
    time = moment;
    draw();
  }
  if (video.requestVideoFrameCallback) {
    const follow = (_, frame) => {
      show(frame.mediaTime);
      video.requestVideoFrameCallback(follow);
    };
    video.requestVideoFrameCallback(follow);
  } else {
    const follow = () => {
      if (!video.paused) show(video.currentTime);
      requestAnimationFrame(follow);
    };
    follow();
  }
  for (const name of ["play", "seeked"]) {
    video.addEventListener(name, () => {
      begun = true;  // until then the picture that stands for the video is there, with its faces
      show(video.currentTime);
    });
  }
  video.addEventListener("error", () => {
    note.hidden = false;
    draw();
  });
  video.addEventListener("pointermove", (event) => {
    pointer = [(event.offsetX - place[0]) / place[2], (event.offsetY - place[1]) / place[2]];
    draw();
  });
  video.addEventListener("pointerleave", () => {
    pointer = null;
    draw();
  });
  toggle.addEventListener("change", draw);
  box.querySelector(".fs-large").addEventListener("click", () => document.fullscreenElement ? document.exitFullscreen() : box.requestFullscreen());
  new ResizeObserver(draw).observe(video);
})
