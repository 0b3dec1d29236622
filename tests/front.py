"""A widget in a real browser without JupyterLab: its JavaScript in a bare page, its Python here."""

from __future__ import annotations

import base64
from typing import Any

from anywidget import AnyWidget
from playwright.sync_api import Page

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>widget</title></head>
<body><main><h1 hidden>widget</h1><div id="widget"></div></main></body></html>"""

# As anywidget's model: traits, and messages with buffers. Whatever Python sends is the answer to what was said last.
_MODEL = """async ([module, css]) => {
    const style = document.head.appendChild(document.createElement("style"));
    style.textContent = css;
    const traits = await say({ kind: "traits" }), listeners = {};
    const told = (name, ...said) => (listeners[name] || []).forEach((each) => each(...said));
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    let dirty = {};
    const update = (fresh) => Object.entries(fresh).forEach(([name, value]) => {
        if (JSON.stringify(traits[name]) === JSON.stringify(value)) return;
        traits[name] = value;
        told(`change:${name}`);
    });
    const ask = async (said) => {
        const answer = await say(said);
        for (const [content, buffers] of answer.sent) told("msg:custom", content, buffers.map(bytes));
        update(answer.traits);
    };
    window.model = {
        get: (name) => traits[name],
        set: (name, value) => (update({ [name]: value }), (dirty[name] = value)),
        save_changes: () => (ask({ kind: "set", traits: dirty }), (dirty = {})),
        send: (content) => ask({ kind: "message", content }),
        on: (name, call) => (listeners[name] ||= []).push(call),
        off: (name, call) => (listeners[name] = (listeners[name] || []).filter((each) => each !== call)),
    };
    const code = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
    (await import(code)).default.render({ model, el: document.getElementById("widget") });
}"""


def put(page: Page, widget: AnyWidget, *, dark: bool = False) -> None:
    """Show a widget in an empty page."""
    sent: list[tuple[dict[str, Any], list[str]]] = []
    encoded = lambda buffer: base64.b64encode(buffer).decode()  # noqa: E731
    widget.send = lambda content, buffers=None: sent.append((content, [encoded(each) for each in buffers or []]))
    names = [name for name in widget.keys if not name.startswith("_")]
    traits = lambda: {name: getattr(widget, name) for name in names if name not in ("layout", "tooltip", "tabbable")}  # noqa: E731

    def say(said: dict[str, Any]) -> Any:
        if said["kind"] == "traits":
            return traits()
        if said["kind"] == "message":
            widget._handle_custom_msg(said["content"], [])
        else:
            widget.set_state(said["traits"])
        answer = {"sent": list(sent), "traits": traits()}
        sent.clear()
        return answer

    page.expose_function("say", say)
    page.set_content(_PAGE)
    if dark:
        colors = "--jp-content-font-color1: #eee; --jp-content-font-color2: #bbb; --jp-layout-color1: #111;"
        colors += " --jp-layout-color2: #222; --jp-border-color1: #555; --jp-brand-color1: #64b5f6; background: #111"
        page.evaluate("style => document.body.setAttribute('style', style)", colors)
    page.evaluate(_MODEL, [widget._esm, widget._css])
