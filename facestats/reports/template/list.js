// Sorts the list by a click on a heading, and hides the lines in which what is searched does not stand.
const table = document.querySelector("table.fs-index")
const search = document.querySelector("input.fs-search")
const count = document.querySelector(".fs-count")
if (table && search) {
  const body = table.tBodies[0]
  const value = (row, column) => {
    const time = row.cells[column].querySelector("time")
    return time ? time.dateTime : row.cells[column].textContent.trim()
  }
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
    let shown = 0
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase()
      row.hidden = !words.every(word => text.includes(word))
      shown += !row.hidden
    }
    count.textContent = words.length ? `${shown} of ${body.rows.length}` : ""
  }
  search.closest("label").hidden = false
  search.addEventListener("input", show)
  show()
  Array.from(table.tHead.rows[0].cells, (heading, column) => {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = heading.textContent
    heading.replaceChildren(button)
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending"
      const rows = [...body.rows].sort((a, b) =>
        value(a, column).localeCompare(value(b, column), undefined, {numeric: true, sensitivity: "base"}))
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort")
      heading.setAttribute("aria-sort", down ? "descending" : "ascending")
      body.append(...(down ? rows.reverse() : rows))
    })
  })
}
