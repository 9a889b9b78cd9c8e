"use strict";
(() => {
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const said = document.getElementById("said");
  const heads = Array.from(table.tHead.rows[0].cells);
  const rows = Array.from(body.rows).filter((row) => row.cells.length === heads.length);
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  function compare(left, right, kind) {
    return kind === "number" ? Number(left) - Number(right) : collator.compare(left, right);
  }

  function sort(head, column) {
    const rising = head.getAttribute("aria-sort") !== "ascending";
    const value = (row) => row.cells[column].dataset.value;
    rows.sort((one, other) => {
      const left = value(one), right = value(other);
      if (left === "" || right === "") return (left === "") - (right === "");
      return (rising ? 1 : -1) * compare(left, right, head.dataset.sort);
    });
    for (const one of heads) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    body.append(...rows);
    said.textContent = `Sorted by ${head.textContent}, ${rising ? "ascending" : "descending"}.`;
  }

  heads.forEach((head, column) => {
    if (!head.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, column));
    head.replaceChildren(button);
  });

  const label = document.createElement("label");
  const field = document.createElement("input");
  field.type = "search";
  label.append("Show cases with ", field);
  document.getElementById("tools").append(label);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLocaleLowerCase();
    let count = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
      count += row.hidden ? 0 : 1;
    }
    said.textContent = `${count} of ${rows.length} cases shown.`;
  });
})();
